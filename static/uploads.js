// CVs to add go one by one, so that each shows how far it is; the server answers with the row that follows it on.
(() => {
  const one = (selector, root = document) => root.querySelector(selector);

  const add = (form, file) => new Promise(done => {
    const row = one("#sending").content.firstElementChild.cloneNode(true);
    one("b", row).textContent = file.name;
    one("#adding").hidden = false;
    one("#added").prepend(row);
    const data = new FormData(form);
    data.set("file", file);
    const call = new XMLHttpRequest();
    call.upload.onprogress = event => (one("progress", row).value = event.loaded / event.total);
    call.onloadend = () => {
      if (call.status === 200) { row.outerHTML = call.response; window.htmx.process(one("#added")); }
      else row.classList.add("is-lost");
      done();
    };
    call.open("POST", form.action);
    call.setRequestHeader("HX-Request-Type", "partial");
    call.send(data);
  });

  document.addEventListener("change", async ({ target }) => {
    if (!target.matches("[data-each]")) return;
    const files = [...target.files];
    target.value = "";
    for (const file of files) await add(target.form, file);
  });
})();
