// What came of a run: files to keep, rows worth a look, and the sections of the report.

import { ask, at, element, json, percent } from "./ask.js";

const KEEP = [
  ["report.html", "the report", "a page for colleagues and an ethics board"],
  ["head.safetensors", "the head: weights", "private, as secret as the key"],
  ["head.json", "the head: description", "goes with the weights"],
  ["predictions.csv", "the predictions", "a line for each test row; private"],
];
const PUBLISHED = [
  ["published-report.html", "the report of the twin", "holds nothing that was decrypted"],
  ["published-head.safetensors", "the twin: weights", "may leave the institution as far as the data allow"],
  ["published-head.json", "the twin: description", "goes with its weights"],
];

function links(work) {
  const link = (text, file, download) => {
    const made = element("a", text);
    made.href = `api/work/${work.id}/files/${file}`;
    if (download) made.download = file;
    else made.target = "_blank";
    return made;
  };
  const line = ([file, name, about]) => {
    const item = element("li");
    item.append(link(`Save ${name}`, file, true), element("span", about, "note"));
    return item;
  };
  const view = element("li");
  view.append(link("Look at the report in a tab of its own", "view-report.html", false));
  at("keep").replaceChildren(view, ...KEEP.map(line), ...(work.published ? PUBLISHED.map(line) : []));
}

function card(row, numbers) {
  const made = element("div", null, "row-card");
  const head = element("p");
  head.append(element("b", `Row ${row.row}`));
  const sure = numbers ? `off by ${row.sureness.toPrecision(3)}` : `probability ${percent(row.sureness)}`;
  const plain = row.plain ? `; training in the clear says ${row.plain}` : "";
  head.append(` is labelled ${row.label}, predicted ${row.predicted} (${sure})${plain}.`);
  made.append(head);
  if (row.cells.length === 1) {
    made.append(element("p", row.cells[0][1], "text"));
  } else {
    made.append(element("p", row.cells.map(([name, value]) => `${name}: ${value}`).join(" · "), "cells"));
  }
  return made;
}

async function rows(work) {
  const all = await json(`work/${work.id}/rows`);
  const numbers = work.result.predicts === "numbers";
  const kinds = [
    ["wrong", numbers ? "Furthest off" : "Wrong, the surest first", "Every test row is predicted right."],
    ["differs", "Encrypted and plain training differ", "The encrypted and the plain training predict the same class for every test row."],
    ["unsure", "Least sure", ""],
  ];
  const made = kinds.flatMap(([kind, title, none]) => {
    if (all[kind].length === 0) return none && !(numbers && kind !== "wrong") ? [element("p", none)] : [];
    const part = element("details");
    part.open = kind === "wrong";
    part.append(element("summary", `${title}: ${all[kind].length}`), ...all[kind].map((row) => card(row, numbers)));
    return [part];
  });
  at("rows").replaceChildren(...made);
}

// The sections were made by this program, escaped; a script in them would not run.
async function report(work) {
  const text = await (await ask(`work/${work.id}/report`)).text();
  const parsed = new DOMParser().parseFromString(text, "text/html");
  parsed.querySelectorAll("script").forEach((script) => script.remove());
  const tiles = parsed.querySelector(".tiles");
  const known = [...(tiles ? tiles.children : [])].filter((one) => !one.textContent.includes("accuracy on the"));
  at("figures").replaceChildren(...headline(work), ...known);
  if (tiles) tiles.remove();
  at("report").replaceChildren(...parsed.body.childNodes);
}

// The accuracy with its interval, before the figures that the report begins with.
function headline(work) {
  const accuracy = work.result.accuracy;
  if (!accuracy) return [];
  const tile = element("div", null, "tile");
  const plain = work.result.logistic_regression;
  const beside = plain && typeof plain.accuracy === "number" ? `; plain logistic regression ${percent(plain.accuracy)}` : "";
  const interval = `95 % interval ${percent(accuracy.low)} to ${percent(accuracy.high)}`;
  tile.append(element("b", percent(accuracy.value)), element("span", `accuracy on ${work.result.test_samples} test samples, ${interval}${beside}`));
  return [tile];
}

export async function result(work) {
  const done = work.state === "done";
  at("result-part").hidden = !done;
  at("figures").hidden = !done;
  at("figures").replaceChildren();
  if (!done) {
    at("report").replaceChildren();
    at("rows").replaceChildren();
    return;
  }
  links(work);
  await Promise.all([rows(work), report(work)]);
}
