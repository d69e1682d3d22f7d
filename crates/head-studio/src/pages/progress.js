// How far the work is: who does what, and what crosses between the two parties.

import { at, bytes, element, problem, say, seconds } from "./ask.js";

const SIDES = { own: "Your machine: data party", cross: "What crosses", theirs: "Compute party" };

// The parts of a training, in their order. `phases` are the names that the command line gives them.
const FLOW = [
  { name: "Texts become embeddings", side: "own", phases: ["embed"], texts: true, sees: "sees texts and labels in the clear" },
  { name: "Plan and rehearse", side: "own", phases: ["validate", "plan", "rehearse"], sees: "sees features and labels in the clear" },
  { name: "Make keys", side: "own", phases: ["keygen"], sees: "sees the secret key, which stays here" },
  { name: "Encrypt", side: "own", phases: ["encrypt"], sees: "sees features and labels in the clear" },
  { name: "Ciphertexts and evaluation keys go over", side: "cross", phases: ["upload"], sent: true, sees: "unreadable without the secret key" },
  { name: "Check what came", side: "theirs", phases: ["check data", "load keys"], sees: "sees ciphertexts, evaluation keys, the sizes of the job" },
  { name: "Train on ciphertexts", side: "theirs", phases: ["train"], sees: "sees no text, no label, no weight, no loss" },
  { name: "The encrypted head comes back", side: "cross", phases: ["fetch"], back: true, sees: "unreadable without the secret key" },
  { name: "Decrypt and measure", side: "own", phases: ["evaluate"], sees: "sees the head in the clear" },
];

function flowFor(work) {
  const texts = Boolean(work.choices.learn.texts);
  return FLOW.filter((part) => !part.texts || texts);
}

// What is known of each part. A part before the furthest one that began is done.
function states(work, parts) {
  const phases = work.steps.flatMap((step) => step.phases);
  const found = parts.map((part) => phases.filter((phase) => part.phases.includes(phase.phase)));
  let furthest = found.reduce((most, known, at) => (known.length > 0 ? at : most), -1);
  const done = work.state === "done";
  return parts.map((part, place) => {
    const known = found[place];
    const now = known[known.length - 1];
    if (done || place < furthest) return { state: "done", now };
    if (place > furthest) return { state: "waiting", now: null };
    const over = now.done >= now.total && part.phases[part.phases.length - 1] === now.phase;
    if (over) return { state: "done", now };
    return { state: work.state === "running" ? "running" : work.state, now };
  });
}

const count = (phase) => (phase.phase === "upload" || phase.phase === "fetch" ? `${bytes(phase.done)} of ${bytes(phase.total)}` : `${phase.done} of ${phase.total}`);

function words({ state, now }, part, work) {
  const sizes = work.result && work.result.bytes;
  if (state === "done" && sizes && part.sent) return `done: ${bytes(sizes.data + sizes.keys)}`;
  if (state === "done" && sizes && part.back) return `done: ${bytes(sizes.head)}`;
  if (state !== "running" || !now) return state === "running" ? "under way" : state;
  const left = typeof now.seconds_left === "number" && now.done > 0 ? `, ${seconds(now.seconds_left)} left` : "";
  return now.total > 1 ? `${count(now)}${left}` : "under way";
}

// Draws the parts in three columns. The same elements stay, so that nothing that a reader is at goes away.
export function flow(into, work) {
  const parts = flowFor(work);
  const found = states(work, parts);
  if (into.dataset.of !== work.id) {
    into.dataset.of = work.id;
    const head = element("div", null, "flow-head");
    head.setAttribute("aria-hidden", "true");
    head.append(...Object.values(SIDES).map((name) => element("span", name)));
    const list = element("ol", null, "flow");
    parts.forEach((part) => {
      const item = element("li");
      const box = element("div", null, `box ${part.side}`);
      box.append(element("span", SIDES[part.side], "side"), element("b", part.name), element("span", part.sees, "what"), element("span", "", "state"));
      const bar = element("progress");
      bar.hidden = true;
      bar.setAttribute("aria-label", part.name);
      box.append(bar);
      item.append(box);
      list.append(item);
    });
    into.replaceChildren(head, list);
  }
  [...into.querySelectorAll(".box")].forEach((box, place) => {
    const state = found[place];
    ["waiting", "running", "done", "failed", "stopped"].forEach((name) => box.classList.toggle(name, name === state.state));
    box.querySelector(".state").textContent = words(state, parts[place], work);
    const bar = box.querySelector("progress");
    bar.hidden = state.state !== "running" || !state.now || state.now.total < 2;
    if (!bar.hidden) {
      bar.max = state.now.total;
      bar.value = state.now.done;
    }
  });
  speak(parts, found, work);
}

// Tells a screen reader of each part, and of every quarter of a long one.
function speak(parts, found, work) {
  const place = found.findIndex((one) => one.state === "running");
  if (work.state !== "running") {
    say(`The training is ${work.state}.`);
  } else if (place >= 0) {
    const now = found[place].now;
    const quarter = now && now.total > 1 ? Math.floor((4 * now.done) / now.total) * 25 : 0;
    say(quarter > 0 && quarter < 100 ? `${parts[place].name}: ${quarter} percent` : parts[place].name);
  }
}

// One line for each phase of an estimate.
export function phases(into, work) {
  const all = work.steps.flatMap((step) => step.phases);
  const names = { embed: "Texts become embeddings", validate: "Methods are compared", plan: "Plan", rehearse: "Rehearse" };
  const lines = all.map((phase) => {
    const line = element("p", null, "note");
    const over = phase.done >= phase.total;
    const left = !over && typeof phase.seconds_left === "number" && phase.done > 0 ? `, ${seconds(phase.seconds_left)} left` : "";
    line.textContent = `${names[phase.phase] || phase.phase}: ${over ? "done" : phase.total > 1 ? `${count(phase)}${left}` : "under way"}`;
    return line;
  });
  into.replaceChildren(...(work.state === "done" ? [] : lines));
  const last = all[all.length - 1];
  if (work.state === "running" && last) say(names[last.phase] || last.phase);
}

// Follows a piece of work until it is no longer under way. Returns what stops following.
export function follow(id, show) {
  const source = new EventSource(`api/work/${id}/events`);
  source.addEventListener("work", (event) => {
    const work = JSON.parse(event.data);
    if (work.state !== "running") source.close();
    show(work);
  });
  // the browser tries again by itself
  source.addEventListener("error", () => problem(new TypeError("no answer")));
  source.addEventListener("open", () => problem(null));
  return () => source.close();
}

export function messages(work) {
  const notes = work.steps.flatMap((step) => step.notes);
  at("notes-part").hidden = notes.length === 0;
  at("notes").replaceChildren(...notes.map((note) => element("li", note)));
  at("commands").textContent = work.steps.map((step) => step.command).join("\n");
}
