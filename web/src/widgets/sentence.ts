// What a command would say on a line, as a sentence of the page. A command's name keeps its letters.
export function sentence(text: string): string {
  const told = text.trim();
  if (told === "") return "";
  const first = /^(headrace|hr\.|\/)/.test(told) ? told : `${told[0]?.toUpperCase()}${told.slice(1)}`;
  return /[.!?…:]$/.test(first) ? first : `${first}.`;
}
