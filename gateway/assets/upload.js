// Sends files one after the other: each is announced, then its bytes follow, with progress and a way back.
// Comfort only: without this file the same form sends one file by itself.
const HASHED = 20 * 1024 * 1024; // bytes; a larger file is hashed by the service once it is stored

const uploads = new WeakMap(); // form -> its entries

function words(form, key, ...values) {
  return [form.dataset[key], ...values].join(" ");
}

// A form may come with a later answer (htmx): its field takes several files as soon as it is there
function allowSeveral() {
  for (const field of document.querySelectorAll("form[data-several] input[type=file]")) field.multiple = true;
}
allowSeveral();
new MutationObserver(allowSeveral).observe(document.body, { childList: true, subtree: true });

function ready(form) {
  return form.querySelector("input[type=file]");
}

// --- choosing

function checkSizes(form) {
  const field = ready(form);
  const large = [...field.files].some((file) => file.size > Number(form.dataset.maxBytes));
  showFault(form, "fichier", large ? form.dataset.tooLarge : "");
  return !large;
}

function list(form) {
  const field = ready(form);
  const place = form.querySelector("[data-files]");
  const entries = [...field.files].map((file) => ({ file, state: "waiting" }));
  uploads.set(form, entries);
  place.replaceChildren(...entries.map((entry) => row(form, entry)));
  place.hidden = entries.length < 2;
  showFault(form, "fichier", "");
}

function row(form, entry) {
  const item = document.createElement("li");
  const name = document.createElement("strong");
  name.className = "grow";
  name.textContent = entry.file.name;
  entry.label = document.createElement("span");
  entry.label.className = "num";
  entry.label.textContent = form.dataset.waiting;
  entry.bar = document.createElement("progress");
  entry.bar.max = 100;
  entry.bar.value = 0;
  entry.bar.setAttribute("aria-label", entry.file.name);
  entry.cancel = document.createElement("button");
  entry.cancel.type = "button";
  entry.cancel.className = "btn btn-s btn-quiet";
  entry.cancel.textContent = form.dataset.cancel;
  entry.cancel.hidden = true;
  item.append(name, entry.label, entry.bar, entry.cancel);
  return item;
}

document.addEventListener("change", (event) => {
  const form = event.target.closest?.("form[data-upload]");
  if (!form || event.target.type !== "file") return;
  list(form);
  checkSizes(form);
});

for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    const area = event.target.closest?.("form[data-upload] .drop");
    if (!area) return;
    event.preventDefault();
    area.classList.toggle("over", kind === "dragover");
    if (kind !== "drop" || !event.dataTransfer.files.length) return;
    const form = area.closest("form");
    const field = ready(form);
    const dropped = new DataTransfer();
    for (const file of event.dataTransfer.files) {
      if (field.multiple || !dropped.items.length) dropped.items.add(file);
    }
    field.files = dropped.files;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });
}

// --- sending

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-upload]");
  if (!form) return;
  event.preventDefault();
  sendAll(form);
});

async function sendAll(form) {
  const button = form.querySelector("button[type=submit]");
  if (button.disabled) return;
  if (!checkSizes(form)) {
    ready(form).focus();
    return;
  }
  if (!uploads.has(form)) list(form);
  const entries = uploads.get(form);
  form.querySelector("[data-files]").hidden = false;
  for (const fault of form.querySelectorAll("[aria-invalid]")) showFault(form, fault.id, "");
  button.disabled = true;
  for (const entry of entries) {
    if (entry.state !== "sent") await send(form, entry);
    if (entry.state === "form") break; // a field is wrong: the other files would meet the same
  }
  button.disabled = false;
  const sent = entries.filter((entry) => entry.state === "sent");
  if (sent.length && sent.length === entries.length) {
    location.assign(`/documents/${sent.at(-1).document}/depose?nombre=${sent.length}`);
  } else {
    form.querySelector("[aria-invalid=true]")?.focus();
  }
}

async function send(form, entry) {
  try {
    entry.state = "sending";
    const announced = await announce(form, entry.file);
    const answer = await put(form, entry, announced.content);
    entry.document = answer.document;
    entry.state = "sent";
    say(form, entry, form.dataset.sent);
  } catch (problem) {
    entry.state = "failed";
    const faults = problem.faults ?? { fichier: form.dataset.failed };
    for (const [name, sentence] of Object.entries(faults)) showFault(form, name, sentence);
    if (Object.keys(faults).some((name) => name !== "fichier")) entry.state = "form";
    say(form, entry, form.dataset.waiting);
  } finally {
    entry.cancel.hidden = true;
  }
}

class Refused extends Error {
  constructor(answer) {
    super("refused");
    this.faults = answer?.faults;
  }
}

async function announce(form, file) {
  const facts = new FormData(form);
  facts.delete("fichier");
  facts.set("nom", file.name);
  facts.set("taille", String(file.size));
  facts.set("modifie", String(file.lastModified));
  if (window.crypto?.subtle && file.size <= HASHED) facts.set("sha256", await sha256(file));
  const answer = await fetch(form.dataset.upload, { method: "POST", body: facts, credentials: "same-origin" });
  if (answer.redirected) location.assign(answer.url); // the session is over: the form comes back after logging in
  const told = await answer.json().catch(() => null);
  if (!answer.ok || !told?.content) throw new Refused(told);
  return told;
}

async function sha256(file) {
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function put(form, entry, address) {
  const { file } = entry;
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest(); // fetch tells no progress of what is sent
    request.open("PUT", `${address}?nom=${encodeURIComponent(file.name)}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("X-CSRF-Token", form.querySelector("[name=csrf]").value);
    request.responseType = "json";
    request.upload.addEventListener("progress", (step) => {
      if (!step.lengthComputable || !step.total) return;
      entry.bar.value = Math.floor((100 * step.loaded) / step.total);
      say(form, entry, words(form, "sending", `${entry.bar.value}\u00a0%`));
    });
    request.upload.addEventListener("load", () => say(form, entry, form.dataset.checking));
    request.addEventListener("load", () => {
      if (request.status === 201) done(request.response);
      else failed(new Refused(request.response));
    });
    for (const end of ["error", "abort"]) request.addEventListener(end, () => failed(new Refused(null)));
    entry.cancel.onclick = () => request.abort();
    entry.cancel.hidden = false;
    request.send(file);
  });
}

function say(form, entry, text) {
  entry.label.textContent = text;
  form.querySelector("[data-progress]").textContent = `${entry.file.name}\u00a0: ${text}`;
}

// --- faults, beside their field as the server draws them

function showFault(form, name, sentence) {
  const field = form.elements[name] ?? document.getElementById(name);
  if (!field) return;
  const id = `${field.id}-erreur`;
  document.getElementById(id)?.remove();
  const others = (field.getAttribute("aria-describedby") ?? "").split(" ").filter((one) => one && one !== id);
  field.toggleAttribute("aria-invalid", false);
  if (sentence) {
    const line = document.createElement("p");
    line.className = "error";
    line.id = id;
    line.setAttribute("role", "alert");
    const icon = document.createElement("span");
    icon.className = "i i-warn";
    icon.setAttribute("aria-hidden", "true");
    line.append(icon, ` ${sentence}`);
    field.closest(".field").append(line);
    field.setAttribute("aria-invalid", "true");
    others.push(id);
  }
  if (others.length) field.setAttribute("aria-describedby", others.join(" "));
  else field.removeAttribute("aria-describedby");
}
