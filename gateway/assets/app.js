// Comfort only: every page works without this file. No eval, no inline handler, no outside request.
document.documentElement.classList.add("js");

// "/" goes to the search box, as in other lists
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, select, textarea, [contenteditable]")) return;
  const box = document.querySelector("[data-shortcut='/']");
  if (!box) return;
  event.preventDefault();
  box.focus();
  box.select();
});

// Esc and a click elsewhere close the account menu
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

// The three rules of a new password, shown as they are met; the server decides
const RULES = {
  min_length: (text) => [...text].length >= 8,
  uppercase: (text) => /\p{Lu}/u.test(text),
  special: (text) => /[_!@#$%&*()\-+={}[\]\\:;<>,.?/]/.test(text),
};
for (const list of document.querySelectorAll("[data-rules-of]")) {
  const field = document.getElementById(list.dataset.rulesOf);
  field.addEventListener("input", () => {
    for (const item of list.querySelectorAll("[data-rule]")) {
      const met = RULES[item.dataset.rule](field.value);
      item.classList.toggle("met", met);
      item.querySelector(".visually-hidden").textContent = met ? list.dataset.met : "";
    }
  });
}

// Windows that confirm: really modal where a script can make them so
for (const dialog of document.querySelectorAll("dialog[data-modal]")) {
  document.querySelector(".shade")?.remove();
  dialog.close();
  dialog.showModal();
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    dialog.querySelector("a[autofocus]").click();
  });
}

// A tick that the server did not take goes back, and the page says so
function untaken(event) {
  const box = event.target;
  if (!(box instanceof HTMLInputElement) || box.name !== "pointe") return;
  box.checked = !box.checked;
  const line = document.getElementById("etat");
  if (line) line.textContent = document.body.dataset.untaken;
}
document.addEventListener("htmx:response:error", untaken);
document.addEventListener("htmx:error", untaken);

// A file: its size is checked before it is sent, and its sending is shown
document.addEventListener("dragover", (event) => event.target.closest?.(".drop")?.classList.add("over"));
for (const end of ["dragleave", "drop"]) {
  document.addEventListener(end, (event) => event.target.closest?.(".drop")?.classList.remove("over"));
}

function sayTooLarge(form, field) {
  const large = field.files[0] && field.files[0].size > Number(form.dataset.maxBytes);
  field.setCustomValidity(large ? form.dataset.tooLarge : "");
  return large;
}

document.addEventListener("change", (event) => {
  const form = event.target.closest?.("form[data-upload]");
  if (form && event.target.type === "file" && sayTooLarge(form, event.target)) event.target.reportValidity();
});

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-upload]");
  if (!form) return;
  event.preventDefault();
  send(form);
});

function send(form) {
  const request = new XMLHttpRequest();
  const panel = form.querySelector(".sending");
  const status = panel.querySelector("[data-sending]");
  const bar = panel.querySelector("progress");
  const button = form.querySelector("button[type=submit]");
  const failed = form.querySelector("[data-upload-failed]");
  const rest = () => {
    panel.hidden = true;
    button.disabled = false;
  };
  const fail = () => {
    rest();
    failed.textContent = failed.dataset.uploadFailed;
    failed.hidden = false;
  };
  request.open("POST", form.action);
  request.responseType = "document";
  request.upload.addEventListener("progress", (step) => {
    if (!step.lengthComputable) return;
    bar.value = Math.floor((100 * step.loaded) / step.total);
    status.textContent = `${status.dataset.sending} ${bar.value}\u00a0%`;
  });
  request.addEventListener("load", () => {
    const moved = request.responseURL && new URL(request.responseURL).pathname !== new URL(form.action).pathname;
    if (moved) location.assign(request.responseURL);
    else if (request.response?.querySelector("#depot")) showFaults(form, request.response);
    else fail();
  });
  request.addEventListener("error", fail);
  request.addEventListener("abort", rest);
  panel.querySelector("[data-cancel]").onclick = () => request.abort();
  failed.hidden = true;
  button.disabled = true;
  panel.hidden = false;
  request.send(new FormData(form));
}

// The server's answer takes the form's place; a file that it finds no fault with stays chosen
function showFaults(form, answer) {
  const chosen = form.querySelector("input[type=file]");
  const fresh = document.importNode(answer.querySelector("#depot"), true);
  const empty = fresh.querySelector("input[type=file]");
  if (empty && empty.getAttribute("aria-invalid") !== "true") empty.replaceWith(chosen);
  document.getElementById("depot").replaceWith(fresh);
  document.title = answer.title;
  window.htmx?.process(fresh);
  fresh.querySelector("[aria-invalid=true]")?.focus();
}
