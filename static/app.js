// What attributes cannot say: keys, closing, lists left alone.
(() => {
  const one = (selector, root = document) => root.querySelector(selector);
  const all = selector => [...document.querySelectorAll(selector)];
  const on = (event, act) => document.addEventListener(event, act);
  const composer = () => one("[data-composer]");
  const rows = () => all("li[data-card]");
  const card = () => document.activeElement?.closest("[data-card]") ?? one("[data-card].is-open");

  const move = step => {
    const next = rows()[rows().indexOf(card()) + step] ?? (card() ? null : rows()[0]);
    if (!next) return;
    one("a", next).focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  };

  const letters = {
    "/": () => composer()?.focus(),
    j: () => move(1),
    k: () => move(-1),
    "?": () => one("#keys")?.showModal(),
  };

  const escape = () => {
    const panel = one("#panel");
    if (one("dialog[open], :popover-open")) return;
    const menu = one("details:is(.more, .drop)[open]");
    if (menu) menu.open = false;
    else if (one("[data-stop]")) one("[data-stop]").click();
    else if (panel?.firstElementChild) close(panel);
    else document.activeElement?.blur();
  };

  const close = panel => {
    const open = one("[data-card].is-open");
    panel.replaceChildren();
    const url = new URL(location);
    for (const name of ["cv", "tab"]) url.searchParams.delete(name);
    history.replaceState(history.state, "", url);
    open?.classList.remove("is-open");
    if (open) one("a", open).focus();
  };

  on("keydown", event => {
    const { target, key } = event;
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (key === "Escape") return escape();
    if (target === composer()) {
      if (key !== "Enter" || event.shiftKey) return;
      event.preventDefault();
      if (target.value.trim()) send(target.form);
    } else if (!target.closest("input:not([type=radio], [type=checkbox]), textarea, select, dialog[open]") && "letterKeys" in document.body.dataset) {
      const named = one(`[data-key="${CSS.escape(key)}"]`, card() ?? document);
      if (!named && !letters[key]) return;
      event.preventDefault();
      named ? named.click() : letters[key]();
    }
  });

  // Enter asks anew even while Stop stands for Send.
  const send = form => (one("[data-stop]", form) ? htmx.trigger(form, "submit") : form.requestSubmit());

  on("click", event => {
    const target = event.target.closest("[data-dismiss], [data-close-panel], [data-keys], [data-apply]");
    if (!target) return;
    if (target.matches("[data-dismiss]")) setTimeout(() => target.closest(".toast").remove());
    if (target.matches("[data-close-panel]")) close(one("#panel"));
    if (target.matches("[data-keys]")) one("#keys").showModal();
    if (target.matches("[data-apply]")) target.hidden = true;
  });

  // A list that is being read keeps its order: the new one is offered.
  const touch = event => event.target.closest?.("[data-cards]")?.setAttribute("data-touched", "");
  for (const kind of ["pointerdown", "keydown", "focusin", "wheel", "touchmove"]) on(kind, touch);

  let place; // of the row with the focus
  on("htmx:before:swap", event => {
    place = rows().indexOf(document.activeElement?.closest("li"));
    const { tasks } = event.detail;
    for (const task of [...tasks]) {
      const list = task.target;
      if (task.type !== "partial" || task.swapSpec.style !== "innerMorph" || !list?.hasAttribute?.("data-touched")) continue;
      tasks.splice(tasks.indexOf(task), 1);
      one(`[data-apply="${list.id}"]`).hidden = false;
    }
  });

  on("htmx:before:request", event => {
    const { sourceElement: link } = event.detail.ctx;
    if (!link.matches("[data-open]") || matchMedia("(min-width: 72rem)").matches) return;
    event.preventDefault();
    location.href = link.href;
  });

  // A lost stream says so after three tries; one refused for want of a login goes there.
  on("htmx:sse:error", ({ detail, target }) => {
    if (detail.status === 401) location.href = `/login?next=${encodeURIComponent(location.pathname + location.search)}`;
    if (detail.connection?.attempt >= 3) one(".lost", target)?.removeAttribute("hidden");
  });
  on("htmx:sse:after:connection", ({ target }) => one(".lost", target)?.setAttribute("hidden", ""));

  // The card of the profile beside is marked; the dialog is open while it holds something; the focus of a row that is
  // gone goes to the next; toasts go by themselves, errors stay.
  on("htmx:after:swap", () => {
    const shown = one("#panel [data-of]")?.dataset.of;
    if (shown) for (const row of rows()) row.classList.toggle("is-open", row.id === shown);
    const held = one("#dialog");
    const dialog = held.parentElement;
    if (!held.firstElementChild) dialog.close();
    else if (!dialog.open) dialog.showModal();
    if (place >= 0 && document.activeElement === document.body) one("a", rows()[place] ?? rows().at(-1))?.focus();
    for (const toast of all(".toast:not(.is-error, [data-timed])")) {
      toast.dataset.timed = "";
      setTimeout(() => toast.matches(":hover, :focus-within") || toast.remove(), 8000);
    }
  });

  // What was closed does not come back with the next swap.
  document.addEventListener("close", ({ target }) => one("#dialog", target)?.replaceChildren(), true);

  // No server: the page's own words for it.
  on("htmx:error", ({ detail }) => {
    if ((detail.error?.name === "TypeError" || detail.error === "timeout") && !one(".is-offline")) one("#toasts").append(one("#offline").content.cloneNode(true));
  });

  // While a file is dragged, the places that take it show; they are file inputs, which take a drop by themselves.
  let still;
  on("dragover", event => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    const { dataset } = document.body;
    dataset.dragging = "";
    clearTimeout(still);
    still = setTimeout(() => delete dataset.dragging, 500);
    if (event.target.type === "file") return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "none";
  });

  on("change", ({ target }) => {
    if (target.matches("[data-submit]")) target.form.requestSubmit();
    if (target.matches("[data-reveal]")) one("[name=password]").type = target.checked ? "text" : "password";
    if (target.matches("[data-all]")) for (const box of all("[name=c]")) box.checked = target.checked;
  });
})();
