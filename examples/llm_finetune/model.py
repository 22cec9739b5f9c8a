"""A byte-level GPT: embeddings, causal attention blocks, one output row per byte."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True)
class Shape:
    """What fixes the parameters of a GPT."""

    width: int
    blocks: int = 4
    heads: int = 4
    context: int = 64


class Block(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width = shape.width
        self.heads = shape.heads
        self.norm_attention = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width, bias=False)
        self.project = nn.Linear(width, width, bias=False)
        self.norm_mlp = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )
        mask = torch.full((shape.context, shape.context), -math.inf).triu(1)
        self.register_buffer("mask", mask, persistent=False)

    def attend(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        split = self.query_key_value(x).view(batch, length, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        scores = query @ key.transpose(-2, -1) / math.sqrt(width // self.heads)
        weights = (scores + self.mask[:length, :length]).softmax(-1)
        return self.project((weights @ value).transpose(1, 2).reshape(x.shape))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attend(self.norm_attention(x))
        return x + self.mlp(self.norm_mlp(x))


class GPT(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.byte = nn.Embedding(256, shape.width)
        self.position = nn.Embedding(shape.context, shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.blocks))
        self.norm = nn.LayerNorm(shape.width)
        self.head = nn.Linear(shape.width, 256, bias=False)
        for embedding in (self.byte, self.position):
            nn.init.normal_(embedding.weight, std=0.1)

    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens (batch, length) to logits (batch, length, 256)."""
        x = self.byte(tokens) + self.position.weight[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))

    def loss(self, windows: Tensor) -> Tensor:
        """Mean nats per byte: how unexpected each byte is after those before it in its window."""
        logits = self(windows[:, :-1])
        return functional.cross_entropy(logits.flatten(0, 1), windows[:, 1:].flatten())

    def freeze(self, blocks: int) -> None:
        """Keeps the embeddings and the first `blocks` blocks as they are; 0 trains everything."""
        if blocks:
            for part in (self.byte, self.position, *self.blocks[:blocks]):
                part.requires_grad_(False)

    def generate(self, prompt: str, length: int, temperature: float, seed: int) -> str:
        """Continues `prompt` by `length` bytes drawn with `seed`."""
        random = torch.Generator().manual_seed(seed)
        tokens = torch.tensor([list(prompt.encode())])
        with torch.no_grad():
            for _ in range(length):
                logits = self(tokens[:, -self.shape.context :])[0, -1] / temperature
                drawn = torch.multinomial(logits.softmax(-1), 1, generator=random)
                tokens = torch.cat([tokens, drawn[None]], dim=1)
        return bytes(tokens[0].tolist()).decode(errors="replace")


def save(model: GPT, path: Path) -> None:
    """Writes the checkpoint as plain arrays: nothing in it can run code when it is loaded."""
    arrays = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    shape = {f"shape.{name}": np.int64(value) for name, value in asdict(model.shape).items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **arrays, **shape)


def load(path: Path) -> GPT:
    with np.load(path, allow_pickle=False) as arrays:
        shape = {k[6:]: int(v) for k, v in arrays.items() if k.startswith("shape.")}
        state = {k: torch.from_numpy(v) for k, v in arrays.items() if not k.startswith("shape.")}
    model = GPT(Shape(**shape))
    model.load_state_dict(state)
    return model
