// Asks the studio, and makes elements. What comes from data is set as text, never as markup.

export const at = (id) => document.getElementById(id);

// An answer that is no success becomes an error with the studio's words.
export async function ask(path, options = {}) {
  const answer = await fetch(`api/${path}`, options);
  if (answer.ok) return answer;
  let words = { message: `The studio answered ${answer.status}.` };
  try {
    words = await answer.json();
  } catch {
    // no words of its own
  }
  throw new Error(words.help ? `${words.message}\n${words.help}` : words.message);
}

export const json = async (path, options) => (await ask(path, options)).json();

export const post = (path, value) =>
  ask(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: value === undefined ? undefined : JSON.stringify(value),
  });

export function element(name, text, kind) {
  const made = document.createElement(name);
  if (text !== undefined && text !== null) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

// What went wrong, for everybody to notice; nothing takes it away.
export function problem(error) {
  const lost = error instanceof TypeError;
  at("problem").textContent = !error ? "" : lost ? "The studio does not answer. Is `train-head studio` still running?" : error.message;
}

// Runs what a button asks for; meanwhile the button cannot be pressed again.
export function pressed(button, work) {
  button.addEventListener("click", async () => {
    problem(null);
    button.disabled = true;
    try {
      await work();
    } catch (error) {
      problem(error);
    }
    button.disabled = false;
  });
}

export function say(text) {
  if (at("status").textContent !== text) at("status").textContent = text;
}

export function bytes(count) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (count >= 1000 && unit + 1 < units.length) {
    count /= 1024;
    unit += 1;
  }
  return `${count.toFixed(unit === 0 || count >= 100 ? 0 : 1)} ${units[unit]}`;
}

export function seconds(count) {
  if (count < 10) return `${count.toFixed(1)} s`;
  if (count < 100) return `${Math.round(count)} s`;
  if (count < 6000) return `${Math.round(count / 60)} min`;
  return `${Math.floor(count / 3600)} h ${Math.round((count % 3600) / 60)} min`;
}

export const percent = (share) => `${(100 * share).toFixed(1)} %`;

export const when = (millis) => new Date(millis).toLocaleString();
