"""A tiny GPT-2 trained on bytes with Hugging Face's Trainer; prints what it saw itself."""

from __future__ import annotations

import json
import sys
from typing import Any

import headrace as hr
import torch
from torch.utils.data import TensorDataset
from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments

torch.set_num_threads(1)
text = b"".join(open(name, "rb").read() for name in sys.argv[1:])[: 32 * 60]  # noqa: SIM115, PTH123
ids = torch.tensor(list(text)).reshape(-1, 32)


class Pieces(TensorDataset):  # type: ignore[misc]
    def __getitem__(self, index: int) -> Any:
        (piece,) = super().__getitem__(index)
        return {"input_ids": piece, "labels": piece}


pieces, held_out = Pieces(ids[:40]), Pieces(ids[40:])


class Training(Trainer):  # type: ignore[misc]
    fails_at = -1

    def training_step(self, *args: Any, **keywords: Any) -> Any:
        if self.state.global_step == self.fails_at:
            raise ValueError("a broken batch")
        with hr.task("inside"):
            return super().training_step(*args, **keywords)


def trained(
    callbacks: list[Any], late: Any = None, resume: str | None = None, fails_at: int = -1
) -> Any:
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=256,
        n_positions=32,
        n_embd=16,
        n_layer=2,
        n_head=2,
        bos_token_id=0,
        eos_token_id=0,
    )
    arguments = TrainingArguments(
        output_dir="out",
        num_train_epochs=2,
        per_device_train_batch_size=10,
        eval_strategy="epoch",
        save_strategy="epoch",
        logging_steps=2,
        report_to=[],
        disable_tqdm=True,
        use_cpu=True,
        seed=1,
    )
    trainer = Training(
        model=GPT2LMHeadModel(config),
        args=arguments,
        train_dataset=pieces,
        eval_dataset=held_out,
        callbacks=callbacks,
    )
    trainer.fails_at = fails_at
    if late is not None:
        trainer.add_callback(late)
    trainer.train(resume_from_checkpoint=resume)
    return trainer


def main() -> None:
    trainer = trained([hr.transformers.Callback()])
    trainer.predict(held_out)
    resumed = trained([hr.transformers.Callback(steps=False)], resume="out/checkpoint-4")
    plain = trained([])
    same = zip(trainer.model.state_dict().values(), plain.model.state_dict().values(), strict=True)
    raised = []
    for callbacks, late in (([hr.transformers.Callback()], None), ([], hr.transformers.Callback())):
        try:
            trained(callbacks, late, fails_at=3)
        except ValueError as error:
            raised.append(str(error))
    seen = {
        "history": trainer.state.log_history,
        "same": all(torch.equal(one, other) for one, other in same),
        "resumed_steps": resumed.state.global_step,
        "raised": raised,
    }
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
