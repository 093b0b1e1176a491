// What attributes cannot say: the keyboard, closing things, and leaving a list alone once it is being read.
(() => {
  const one = (selector, root = document) => root.querySelector(selector);
  const on = (event, act, options) => document.addEventListener(event, act, options);
  const composer = () => one("[data-composer]");
  const card = () => document.activeElement?.closest("[data-card]") ?? one("[data-card].is-open");

  const move = step => {
    const cards = [...document.querySelectorAll("li[data-card]")];
    const next = cards[cards.indexOf(card()) + step] ?? (card() ? null : cards[0]);
    if (!next) return;
    one("a", next).focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest", behavior: "auto" });
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
    const menu = one("details:is(.more, .alike)[open]");
    if (menu) menu.open = false;
    else if (one("[data-stop]")) one("[data-stop]").click();
    else if (panel?.firstElementChild) close(panel);
    else document.activeElement?.blur();
  };

  const close = panel => {
    const open = one("[data-card].is-open");
    panel.replaceChildren();
    const url = new URL(window.location);
    for (const name of ["cv", "tab"]) url.searchParams.delete(name);
    window.history.replaceState(window.history.state, "", url);
    open?.classList.remove("is-open");
    if (open) one("a", open).focus();
  };

  on("keydown", event => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") return escape();
    if (event.target === composer()) {
      if (event.key === "Enter" && !event.shiftKey) {
        event.preventDefault();
        if (event.target.value.trim()) send(event.target.form);
      }
      return;
    }
    if (event.target.closest("input:not([type=radio]), textarea, select, dialog[open]")) return;
    if (!document.body.hasAttribute("data-letter-keys")) return;
    const named = one(`[data-key="${CSS.escape(event.key)}"]`, card() ?? document);
    if (!named && !letters[event.key]) return;
    event.preventDefault();
    named ? named.click() : letters[event.key]();
  });

  // Enter asks anew even while Stop stands in place of Send.
  const send = form => (one("[data-stop]", form) ? window.htmx.trigger(form, "submit") : form.requestSubmit());

  // Hidden first: the request of its Undo still needs the element.
  const dismiss = toast => { toast.hidden = true; setTimeout(() => toast.remove(), 9000); };

  on("click", event => {
    const target = event.target.closest("[data-dismiss], [data-close-panel], [data-keys], [data-apply]");
    if (!target) return;
    if (target.matches("[data-dismiss]")) dismiss(target.closest(".toast"));
    if (target.matches("[data-close-panel]")) { event.preventDefault(); close(one("#panel")); }
    if (target.matches("[data-keys]")) one("#keys").showModal();
    if (target.matches("[data-apply]")) target.hidden = true;
  });

  // A list that is being read keeps its order: the new one is offered.
  const touch = event => event.target.closest?.("[data-cards]")?.setAttribute("data-touched", "");
  for (const kind of ["pointerdown", "keydown", "focusin", "wheel", "touchmove"]) on(kind, touch, { passive: true });

  on("htmx:before:swap", event => {
    const { tasks } = event.detail;
    for (const task of [...tasks]) {
      const list = task.target;
      if (task.type !== "partial" || task.swapSpec.style !== "innerMorph" || !list?.hasAttribute?.("data-touched")) continue;
      tasks.splice(tasks.indexOf(task), 1);
      one(`[data-apply="${list.id}"]`).hidden = false;
    }
  });

  // On a narrow screen a profile is a page of its own.
  on("htmx:before:request", event => {
    const source = event.detail.ctx.sourceElement;
    if (!source.matches("[data-open]") || window.matchMedia("(min-width: 72rem)").matches) return;
    event.preventDefault();
    window.location.href = source.href;
  });

  // A stream that is lost says so after three tries; one refused for want of a login goes there.
  on("htmx:sse:error", event => {
    if (event.detail.status === 401) window.location.href = `/login?next=${encodeURIComponent(window.location.pathname + window.location.search)}`;
    const lost = one(".lost", event.target);
    if (lost && event.detail.connection?.attempt >= 3) lost.hidden = false;
  });
  on("htmx:sse:after:connection", event => { const lost = one(".lost", event.target); if (lost) lost.hidden = true; });

  // The card of the profile beside is marked. Toasts go by themselves, errors stay until they are closed.
  on("htmx:after:swap", () => {
    const shown = one("#panel [data-of]")?.dataset.of;
    if (shown) for (const item of document.querySelectorAll("li[data-card]")) item.classList.toggle("is-open", item.id === shown);
    for (const toast of document.querySelectorAll(".toast:not(.is-error, [data-timed])")) {
      toast.dataset.timed = "";
      setTimeout(() => toast.matches(":hover, :focus-within") || dismiss(toast), 8000);
    }
  });

  // A server that cannot be reached: the page's own words for it.
  on("htmx:error", event => {
    const failed = event.detail.error?.name === "TypeError" || event.detail.error === "timeout";
    if (failed && !one(".toast.is-offline")) one("#toasts").append(one("#offline").content.cloneNode(true));
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

  on("change", event => event.target.matches("[data-submit]") && event.target.form.requestSubmit());
})();
