// The robot box: prepared before ALTCHA itself is loaded. Where no script runs, a mailed code stands for it.
const box = document.querySelector("altcha-widget");
globalThis.$altcha.algorithms.set("PBKDF2/SHA-256", () => new Worker(box.dataset.worker));
globalThis.$altcha.i18n.set("fr-fr", { ...globalThis.$altcha.i18n.get("fr-fr"), label: box.dataset.label });
globalThis.$altcha.defaults.set({ hideLogo: true, hideFooter: true, humanInteractionSignature: false });
