// What attributes cannot say.
const one = (selector, root = document) => root.querySelector(selector);
const all = selector => [...document.querySelectorAll(selector)];
const on = (event, act) => document.addEventListener(event, act, true); // also what does not bubble
const rows = () => all("li[data-card]");
const opened = () => one("[data-card].is-open");
const card = () => document.activeElement.closest("[data-card]") ?? opened();

const move = step => {
  const next = rows()[card() ? rows().indexOf(card()) + step : 0];
  if (next) one("a", next).focus();
};

const zoom = step => {
  const at = all("[name=zoom]");
  at[step && at.findIndex(box => box.checked) + step]?.click();
};

const letters = {
  "/": () => one("[data-composer]")?.focus(), "?": () => one("#keys").showModal(),
  j: () => move(1), k: () => move(-1), "+": () => zoom(1), "-": () => zoom(-1), 0: () => zoom(0),
  A: () => one("[data-many]")?.click(),
};

const close = () => {
  const row = opened();
  history.replaceState(history.state, "", one("[data-close-panel]").value);
  one("#panel").replaceChildren();
  row?.classList.remove("is-open");
  if (row) one("a", row).focus();
};

const escape = () => {
  if (one("dialog[open], :popover-open")) return;
  const menu = one("details:is(.more, .drop)[open]");
  if (menu) menu.open = false;
  else if (one("[data-stop]")) one("[data-stop]").click();
  else if (one("#panel > *")) close();
  else document.activeElement.blur();
};

on("keydown", event => {
  const { target, key } = event;
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (key === "Escape") return escape();
  if (target.matches("[data-composer]")) {
    if (key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    if (target.value.trim()) target.form.requestSubmit(); // while Stop stands for Send too
  } else if (document.body.matches("[data-letter-keys]") && !target.closest("input:not([type=radio], [type=checkbox]), textarea, select, dialog[open]")) {
    const named = one(`[data-key="${CSS.escape(key)}"]`, card() ?? document);
    if (!named && !letters[key]) return;
    event.preventDefault();
    named ? named.click() : letters[key]();
  }
});

on("click", ({ target }) => {
  if (target.closest("[data-dismiss]")) setTimeout(() => target.closest(".toast").remove());
  if (target.closest("[data-close-panel]")) close();
  target.closest("[data-apply]")?.setAttribute("hidden", "");
  if (target.matches("[data-copy]")) target.previousElementSibling.select(), document.execCommand("copy");
});

// A list being read keeps its order; the new one is offered.
for (const kind of ["pointerdown", "keydown", "focusin", "wheel", "touchmove"])
  on(kind, ({ target }) => target.closest?.("[data-cards]")?.setAttribute("data-touched", ""));

let place; // of the focus
on("htmx:before:swap", ({ detail: { tasks } }) => {
  place = rows().indexOf(document.activeElement.closest("li"));
  for (const task of [...tasks]) {
    if (task.type !== "partial" || task.swapSpec.style !== "innerMorph" || !task.target?.matches?.("[data-touched]")) continue;
    tasks.splice(tasks.indexOf(task), 1);
    one(`[data-apply="${task.target.id}"]`).hidden = false;
  }
});

on("htmx:before:request", event => {
  const link = event.detail.ctx.sourceElement;
  if (!link.matches("[data-open]") || matchMedia("(min-width: 72rem)").matches) return;
  event.preventDefault();
  location.href = link.href;
});

// A lost stream is said after three tries.
on("htmx:sse:error", ({ detail, target }) => {
  if (detail.status === 401) location.reload();
  if (detail.connection?.attempt >= 3) one(".lost", target)?.removeAttribute("hidden");
});
on("htmx:sse:after:connection", ({ target }) => one(".lost", target)?.setAttribute("hidden", ""));

// The opened card is marked; the dialog is open while it holds something; a gone row's focus goes on.
on("htmx:after:swap", () => {
  const shown = one("#panel [data-of]")?.dataset.of;
  for (const row of rows()) row.classList.toggle("is-open", row.id === shown);
  const held = one("#dialog");
  held.parentElement[held.firstElementChild ? "showModal" : "close"]();
  if (place >= 0 && document.activeElement === document.body) one("a", rows()[place] ?? rows().at(-1))?.focus();
});
on("close", ({ target }) => one("#dialog", target)?.replaceChildren());

on("htmx:error", ({ detail: { error } }) => {
  if ((error?.name === "TypeError" || error === "timeout") && !one(".is-offline")) one("#toasts").append(one("#offline").content.cloneNode(true));
});

// A dragged file shows where it may go.
let still;
on("dragover", event => {
  const { dataTransfer, target } = event;
  if (!dataTransfer?.types.includes("Files")) return;
  const { dataset } = document.body;
  dataset.dragging = "";
  clearTimeout(still);
  still = setTimeout(() => delete dataset.dragging, 500);
  if (target.type === "file") return;
  event.preventDefault();
  dataTransfer.dropEffect = "none";
});

// CVs go one by one; the answer is a row.
const add = (form, file) => new Promise(done => {
  const row = one("#sending").content.firstElementChild.cloneNode(true);
  one("b", row).textContent = file.name;
  one("#added").prepend(row);
  const data = new FormData(form);
  data.set("file", file);
  const call = new XMLHttpRequest();
  call.upload.onprogress = event => (one("progress", row).value = event.loaded / event.total);
  call.onloadend = () => {
    if (call.status === 200) { row.outerHTML = call.response; htmx.process(one("#added")); }
    else row.classList.add("is-lost");
    done();
  };
  call.open("POST", form.action);
  call.setRequestHeader("HX-Request-Type", "partial");
  call.send(data);
});

on("change", async ({ target }) => {
  const { dataset, files, checked, form } = target;
  if ("submit" in dataset) form.requestSubmit();
  if ("reveal" in dataset) one("[name=password]").type = checked ? "text" : "password";
  if ("all" in dataset) for (const box of all("[name=c]")) box.checked = checked;
  if (!("each" in dataset)) return;
  const chosen = [...files];
  target.value = "";
  for (const file of chosen) await add(form, file);
});
