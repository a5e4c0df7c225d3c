// Light or dark as Airflow is; alone, as the machine is.

const outer = window.parent === window ? null : window.parent.document.documentElement;
const dark = window.matchMedia("(prefers-color-scheme: dark)");

function chosen() {
  if (outer?.classList.contains("dark") || outer?.dataset.theme === "dark") return "dark";
  if (outer?.classList.contains("light") || outer?.dataset.theme === "light") return "light";
  const kept = localStorage.getItem("theme");
  if (kept === "dark" || kept === "light") return kept;
  return dark.matches ? "dark" : "light";
}

function apply() {
  document.documentElement.dataset.theme = chosen();
}

apply();
dark.addEventListener("change", apply);
window.addEventListener("storage", apply);
if (outer) new MutationObserver(apply).observe(outer, { attributes: true });
