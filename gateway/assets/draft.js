// A form whose session has ended while it was filled in, or whose sending has failed: it is there again, with what was
// typed, after logging in or trying again. Kept in this tab alone until it is closed, for the same account alone; never a
// password, never a file.
const DRAFT = "draft";
const main = document.getElementById("contenu");
const account = main.dataset.account;
const login = document.querySelector("form[data-login]");
// What answers a form that was sent has the address of the sending; the form stands on the page that it was sent from
const { place: sentFrom, failed } = document.body.dataset;
const here = sentFrom ?? location.pathname + location.search;
let touched = null;

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(DRAFT));
  } catch {
    return null;
  }
}

function typedIn(form) {
  const kept = [];
  for (const field of form.elements) {
    if (!field.name || field.disabled || ["hidden", "password", "file", "submit", "button"].includes(field.type)) continue;
    if (["checkbox", "radio"].includes(field.type)) kept.push([field.name, field.value, field.checked]);
    else kept.push([field.name, field.value, null]);
  }
  return kept;
}

function fill(form, kept) {
  for (const [name, value, checked] of kept) {
    const fields = [...form.elements].filter((field) => field.name === name && !["hidden", "password", "file"].includes(field.type));
    if (checked === null) fields[0] && (fields[0].value = value);
    else for (const field of fields) if (field.value === value) field.checked = checked;
    fields[0]?.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

function say(sentence) {
  const note = document.createElement("p");
  note.className = "note note-ok";
  note.setAttribute("role", "status");
  main.querySelector("h1")?.after(note);
  note.textContent = sentence;
}

// Whatever form was typed in last is kept when the page is left; the page that comes next decides what becomes of it.
for (const kind of ["input", "change", "submit"]) {
  document.addEventListener(kind, (event) => {
    const form = event.target.form ?? event.target.closest?.("form");
    if (account && form?.method === "post" && main.contains(form) && typedIn(form).length) touched = form;
    if (kind === "submit" && event.target.matches("[action='/deconnexion']")) touched = null;
  });
}
addEventListener("pagehide", () => {
  if (!touched) return;
  const place = touched.dataset.place ?? here;
  const draft = { account, place, action: touched.action, kept: typedIn(touched) };
  sessionStorage.setItem(DRAFT, JSON.stringify(draft));
});

function keep(lost) {
  sessionStorage.setItem(DRAFT, JSON.stringify({ ...lost, lost: true }));
}

const draft = read();
if (draft && failed !== undefined && sentFrom) keep(draft);
else if (login && draft) {
  keep(draft);
  const back = login.elements.suite ?? login.appendChild(Object.assign(document.createElement("input"), { type: "hidden", name: "suite" }));
  back.value = draft.place;
} else if (account && draft) {
  const form = [...document.forms].find((one) => one.action === draft.action && one.method === "post");
  const isHere = draft.place === here;
  if (draft.lost && draft.account === account && isHere && form) {
    fill(form, draft.kept);
    touched = form;
    say(main.dataset.restored);
  } else if (sentFrom) {
    touched = form ?? null; // refused, and drawn again with what was typed: that is still nowhere but here
  }
  if (!draft.lost || isHere || draft.account !== account) sessionStorage.removeItem(DRAFT);
}
