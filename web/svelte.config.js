// Svelte's compiler also for svelte-check. Styles stay in page.css: the page's policy allows no inline one.
export default { compilerOptions: { runes: true } };
