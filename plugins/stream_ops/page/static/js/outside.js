// Airflow shows this page in a frame that may open no window and leave no page. A link in the
// surrounding page may, so links that lead outside are followed there.

export function followOutside(event) {
  const link = event.target.closest?.("a[data-outside]");
  if (!link || window.parent === window) return;
  event.preventDefault();
  const outer = window.parent.document;
  const helper = outer.createElement("a");
  helper.href = link.href;
  helper.target = link.dataset.outside;
  helper.rel = "noopener";
  outer.body.append(helper);
  helper.click();
  helper.remove();
}

document.addEventListener("click", followOutside);
