/** Asks the service; an answer that is no success becomes an Error with its sentence. */
export async function ask(path, options = {}) {
  const answer = await fetch(path, options);
  if (answer.status === 401 && path !== "session") {
    await askForToken();
    return ask(path, options);
  }
  if (answer.status === 204) return null;
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.error?.message ?? `The service answered with ${answer.status}.`);
  return body;
}

export const post = (path, body) =>
  ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

function askForToken() {
  const dialog = document.getElementById("token");
  const [form, input, note] = ["form", "input", "[role=alert]"].map((which) => dialog.querySelector(which));
  dialog.showModal();
  return new Promise((resolve) => {
    form.onsubmit = async (event) => {
      event.preventDefault();
      try {
        await post("session", { token: input.value });
        dialog.close();
        resolve();
      } catch (error) {
        note.textContent = error.message;
        note.hidden = false;
      }
    };
    dialog.oncancel = (event) => event.preventDefault();
  });
}
