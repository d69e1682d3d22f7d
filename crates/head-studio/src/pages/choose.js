// What is chosen of a table: labels, what the head learns from, columns that are left out.

import { at, element, json, percent, problem, say } from "./ask.js";

let table = null;
let look = null;
let changed = () => {};

const OTHER = "other";
const column = (name) => look.columns.find((one) => one.name === name);
const learn = () => document.querySelector("input[name=learn]:checked").value;

function option(value, text, here) {
  const made = element("option", text);
  made.value = value;
  if (here) made.dataset.here = "yes";
  return made;
}

export function encoders(all) {
  const before = at("encoder").value;
  at("encoder").replaceChildren(...all.map((one) => option(one.name, one.here ? one.about : `${one.about} (fetched)`, one.here)), option(OTHER, "another one"));
  if (before) at("encoder").value = before;
  at("folder-part").hidden = at("encoder").value !== OTHER;
}

function use(one) {
  const cell = element("td");
  const box = element("input");
  box.type = "checkbox";
  box.dataset.column = one.name;
  box.checked = one.kind !== "text" && !one.problem;
  box.setAttribute("aria-label", `Use ${one.name}`);
  box.addEventListener("change", () => changed());
  cell.append(box, element("span", "", "role"));
  return cell;
}

function row(one) {
  const line = element("tr");
  const name = element("th", one.name || "(no name)");
  name.scope = "row";
  const becomes = one.kind === "text" ? "embedded by an encoder, or left out" : one.problem ? `cannot be used as it is: ${one.problem}` : one.becomes;
  const values = one.characters ? `${one.characters.median} characters in the middle, ${one.characters.longest} at most` : one.values;
  line.append(name, element("td", one.kind), element("td", one.missing, "n"), element("td", values, "t"), element("td", [becomes, ...one.notes].join("; "), "t becomes"), use(one));
  line.dataset.becomes = [becomes, ...one.notes].join("; ");
  return line;
}

// Shows which columns take part. Those that do not have no box to tick.
function roles() {
  const texts = learn() === "texts";
  document.querySelectorAll("#columns-body input").forEach((box) => {
    const name = box.dataset.column;
    const role = name === at("label").value ? "label" : texts ? (name === at("text").value ? "texts" : "not used") : "";
    box.hidden = role !== "";
    box.nextSibling.textContent = role;
    const line = box.closest("tr");
    line.querySelector(".becomes").textContent = role === "label" ? "what is predicted" : role === "texts" ? "embedded by the encoder" : role === "not used" ? "not used" : line.dataset.becomes;
  });
}

function classes() {
  const labels = column(at("label").value).labels;
  at("classes").replaceChildren();
  at("imbalance").hidden = true;
  if (!labels) {
    at("classes-note").textContent = "This column has no classes that recur, so no head can be trained on it.";
    return;
  }
  if (labels.kind === "numbers") {
    at("classes-note").textContent = `${labels.different} different numbers: the head predicts amounts, by ridge regression.`;
    return;
  }
  const kind = labels.kind === "labels" ? "labels, of which a row has any number" : "classes";
  at("classes-note").textContent = [`${labels.different} ${kind}.`, ...labels.notes].join(" ");
  const most = Math.max(...labels.counts.map(([, rows]) => rows));
  at("classes").replaceChildren(...labels.counts.map(([name, rows]) => {
    const item = element("li");
    const bar = element("meter");
    bar.max = most;
    bar.value = rows;
    bar.setAttribute("aria-label", name);
    item.append(element("span", name), bar, element("span", `${rows} rows, ${percent(rows / look.rows)}`, "amount"));
    return item;
  }));
  const least = Math.min(...labels.counts.map(([, rows]) => rows));
  if (labels.kind === "classes" && most > 3 * least) {
    at("imbalance").hidden = false;
    at("imbalance").textContent = `The most frequent class has ${(most / least).toFixed(1)} times as many rows as the rarest. Accuracy alone says little then: look at sensitivity and the confusion matrix, and consider letting rare classes count as much.`;
  }
  if (least < 20) {
    at("imbalance").hidden = false;
    at("imbalance").textContent += ` The rarest class has ${least} rows, which is few to learn from and to test on.`;
  }
}

function show() {
  at("texts-part").hidden = learn() !== "texts";
  at("folder-part").hidden = at("encoder").value !== OTHER;
  // what was counted for another column or encoder
  if (at("long").dataset.of !== counted()) at("long").textContent = "";
  roles();
  classes();
}

// Shows a table that was looked at.
export function open(found) {
  table = found.table;
  look = found.look;
  at("table-facts").textContent = `${table.name}: ${look.rows} rows, ${look.columns.length} columns.`;
  at("table-notes").replaceChildren(...look.notes.map((note) => element("li", note)));
  at("columns-body").replaceChildren(...look.columns.map(row));
  const labels = look.columns.filter((one) => one.labels);
  at("label").replaceChildren(...(labels.length > 0 ? labels : look.columns).map((one) => option(one.name, one.name)));
  // the last column is the label in many tables
  const usual = labels.some((one) => one.name === look.label) ? look.label : (labels.filter((one) => one.labels.kind !== "numbers").pop() || labels[0] || look.columns[0]).name;
  at("label").value = usual;
  const texts = look.columns.filter((one) => one.kind === "text");
  at("text").replaceChildren(...(texts.length > 0 ? texts : look.columns).map((one) => option(one.name, one.name)));
  if (texts.some((one) => one.name === look.text)) at("text").value = look.text;
  document.querySelector(`input[name=learn][value=${texts.length > 0 ? "texts" : "columns"}]`).checked = true;
  show();
  say(`${table.name} has ${look.rows} rows and ${look.columns.length} columns.`);
  countHere();
}

// What the page asks the studio for.
export function choices() {
  const boxes = [...document.querySelectorAll("#columns-body input")];
  const dropped = boxes.filter((box) => !box.checked && box.dataset.column !== at("label").value).map((box) => box.dataset.column);
  return {
    data: table.id,
    label: at("label").value,
    learn: learn() === "texts" ? { texts: { column: at("text").value, encoder: encoder() } } : { columns: { dropped } },
    test_share: Number(at("share").value),
    balanced: at("balanced").checked,
    server: at("server").value || null,
    publish: at("publish").checked,
  };
}

function encoder() {
  return at("encoder").value === OTHER ? at("folder").value.trim() : at("encoder").value;
}

// What long texts are counted for.
const counted = () => JSON.stringify([table.id, at("text").value, encoder()]);

// An encoder that is on this machine counts without being asked: nothing is fetched for it.
async function countHere() {
  const chosen = at("encoder").selectedOptions[0];
  const already = at("long").dataset.of === counted();
  if (learn() === "texts" && chosen && chosen.dataset.here && !already) await countLong().catch(problem);
}

export async function countLong() {
  at("long").textContent = "counting ..";
  const asked = new URLSearchParams({ column: at("text").value, encoder: encoder() });
  const of = counted();
  at("long").dataset.of = of;
  try {
    const found = await json(`data/${table.id}/texts?${asked}`);
    // another choice was made meanwhile
    if (at("long").dataset.of !== of) return;
    at("long").textContent = `${found.long} of ${found.texts} texts have more than the ${found.window} tokens that the encoder embeds at once${found.long > 0 ? "; the mean of windows over them is taken" : ""}.`;
  } catch (error) {
    at("long").textContent = "";
    at("long").dataset.of = "";
    throw error;
  }
}

// Calls back when a choice changes that an estimate depends on.
export function onChange(call) {
  changed = () => {
    show();
    call();
    countHere();
  };
  ["label", "text", "encoder", "folder", "balanced"].forEach((id) => at(id).addEventListener("change", changed));
  document.querySelectorAll("input[name=learn]").forEach((one) => one.addEventListener("change", changed));
}
