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

// Two minutes before the session ends the page says so. Whatever any tab asks of the server prolongs it.
const WARNED = 120; // seconds
const session = document.querySelector("[data-session-idle]");
if (session) {
  const idle = Number(session.dataset.sessionIdle);
  const end = Date.now() / 1000 + Number(session.dataset.sessionEnd);
  let shown = "";

  const prolonged = () => localStorage.setItem("session-asked", String(Date.now() / 1000));
  const left = () => Math.min(Number(localStorage.getItem("session-asked")) + idle, end) - Date.now() / 1000;
  const look = () => {
    const wanted = left() <= 0 ? "over" : left() <= WARNED ? "soon" : "";
    if (wanted === shown) return;
    shown = wanted;
    for (const note of session.querySelectorAll(".note")) note.remove();
    if (wanted) session.append(session.querySelector(`template[data-${wanted}]`).content.cloneNode(true));
  };

  session.addEventListener("click", async (event) => {
    if (!event.target.closest("[data-stay]")) return;
    const answer = await fetch("/api/v1/session", { credentials: "same-origin", cache: "no-store" }).catch(() => null);
    if (answer?.ok) prolonged();
    look();
  });
  document.addEventListener("htmx:after:request", prolonged);
  prolonged();
  look();
  setInterval(look, 5000);
}
