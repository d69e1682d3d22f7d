// The studio's page: a new training, one that runs or ran, and the list of all. The address after `#` says which.
"use strict";

import { ask, at, bytes, element, json, percent, post, pressed, problem, say, seconds, when } from "./ask.js";
import * as choose from "./choose.js";
import { flow, follow, messages, phases } from "./progress.js";
import { result } from "./result.js";

let stopFollowing = () => {};
let estimating = null;
let shownRun = null;

// --- tables

async function openTable(id) {
  say("Looking at the table.");
  at("table-facts").textContent = "";
  choose.open(await json(`data/${id}`));
  forgetEstimate();
  ["columns-part", "cost-part", "start-part"].forEach((part) => { at(part).hidden = false; });
  at("columns-title").focus();
}

// Sends a file. XMLHttpRequest tells how far it is.
function send(file, name) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `api/data?${new URLSearchParams({ name })}`);
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => {
      at("upload").max = Math.max(1, event.total);
      at("upload").value = event.loaded;
    });
    request.addEventListener("error", () => reject(new TypeError("no answer")));
    request.addEventListener("load", () => {
      const words = request.response || { message: `The studio answered ${request.status}.` };
      if (request.status === 201) resolve(words);
      else reject(new Error(words.help ? `${words.message}\n${words.help}` : words.message));
    });
    request.send(file);
  });
}

async function take(file, name) {
  problem(null);
  at("upload").hidden = false;
  say("The table is copied.");
  try {
    await openTable((await send(file, name)).id);
  } catch (error) {
    problem(error);
  }
  at("upload").hidden = true;
}

function dropping() {
  const zone = at("drop");
  const over = (on) => (event) => {
    event.preventDefault();
    zone.classList.toggle("over", on);
  };
  zone.addEventListener("dragover", over(true));
  zone.addEventListener("dragleave", over(false));
  zone.addEventListener("drop", (event) => {
    over(false)(event);
    const [file] = event.dataTransfer.files;
    if (file) take(file, file.name);
  });
  // a file that misses the zone does not replace the page
  window.addEventListener("dragover", (event) => event.preventDefault());
  window.addEventListener("drop", (event) => event.preventDefault());
  at("file").addEventListener("change", () => {
    const [file] = at("file").files;
    if (file) take(file, file.name);
  });
  pressed(at("paste"), async () => {
    const text = at("pasted").value;
    if (text.trim() === "") throw new Error("There are no lines yet.");
    await take(new Blob([text]), "pasted.csv");
  });
}

// --- cost and reach

function forgetEstimate() {
  at("estimate-result").hidden = true;
  at("estimate-progress").replaceChildren();
}

function tile(value, name) {
  const made = element("div", null, "tile");
  made.append(element("b", value), element("span", name));
  return made;
}

function reach(expected) {
  const table = element("table");
  const head = element("tr");
  const measures = [["accuracy", "accuracy", percent], ["auroc", "AUROC", (x) => x.toFixed(3)], ["log_loss", "log loss", (x) => x.toFixed(3)], ["r2", "R²", (x) => x.toFixed(3)], ["mse", "mean squared error", (x) => x.toPrecision(3)]];
  const rows = [["training", "this training, by cross-validation"], ["logistic_regression", "plain logistic regression"], ["ridge_regression", "plain ridge regression"]].filter(([name]) => expected[name]);
  const known = measures.filter(([name]) => rows.some(([row]) => typeof expected[row][name] === "number"));
  head.append(element("th", "rehearsed in the clear"), ...known.map(([, name]) => element("th", name, "n")));
  [...head.children].forEach((cell) => { cell.scope = "col"; });
  const body = element("tbody");
  rows.forEach(([row, name]) => {
    const line = element("tr");
    const title = element("th", name);
    title.scope = "row";
    line.append(title, ...known.map(([measure, , show]) => element("td", typeof expected[row][measure] === "number" ? show(expected[row][measure]) : "", "n")));
    body.append(line);
  });
  const top = element("thead");
  top.append(head);
  table.append(top, body);
  const wide = element("div", null, "wide");
  wide.tabIndex = 0;
  wide.append(table);
  return known.length > 0 ? [wide] : [];
}

function showEstimate(work) {
  phases(at("estimate-progress"), work);
  at("estimate-stop").hidden = work.state !== "running";
  at("estimate").hidden = work.state === "running";
  if (work.state === "running") return;
  estimating = null;
  if (work.state !== "done") {
    if (work.problem && work.state === "failed") problem(new Error([work.problem.message, work.problem.help].filter(Boolean).join("\n")));
    say(`The estimate is ${work.state}.`);
    return;
  }
  const plan = work.result;
  const tiles = element("div", null, "tiles");
  tiles.append(
    tile(seconds(plan.seconds_one_core), "to train on one core; less with more"),
    tile(bytes(plan.bytes.data + plan.bytes.keys), `to send: data ${bytes(plan.bytes.data)}, keys ${bytes(plan.bytes.keys)}`),
    tile(bytes(plan.bytes.memory), `of memory to train; ${bytes(plan.bytes.least_memory)} at least`),
    tile(plan.iterations, `iterations, ${plan.bootstraps + plan.activation_bootstraps * plan.iterations} bootstraps`),
    tile(`${plan.security_bits} bits`, `of security, parameter set ${plan.preset}`),
  );
  const facts = element("p", `${plan.samples} samples of ${plan.features} features.${work.long_texts === null ? "" : ` ${work.long_texts} texts are longer than the encoder's window.`}`);
  at("estimate-result").replaceChildren(tiles, facts, ...(plan.expected ? reach(plan.expected) : []));
  at("estimate-result").hidden = false;
  say("The estimate is there.");
}

async function estimate() {
  forgetEstimate();
  const { id } = await (await post("estimates", choose.choices())).json();
  estimating = id;
  stopFollowing();
  stopFollowing = follow(id, showEstimate);
}

// --- a run

function facts(work) {
  const from = work.choices.learn.texts ? `texts in ${work.choices.learn.texts.column}` : "columns";
  const where = work.choices.server ? `on ${work.choices.server}` : "on this machine, which plays both parties";
  const state = { running: "under way", done: "done", failed: "failed", stopped: "stopped; it continues from its checkpoint" }[work.state];
  return `${work.name}: ${work.choices.label} from ${from}, trained ${where}. Started ${when(work.created)}; ${state}.`;
}

async function showRun(work) {
  const ended = shownRun !== `${work.id} ${work.state}`;
  shownRun = `${work.id} ${work.state}`;
  at("run-title").textContent = `Training: ${work.choices.label}`;
  at("run-facts").textContent = facts(work);
  at("cancel").hidden = work.state !== "running";
  at("resume").hidden = !["stopped", "failed"].includes(work.state);
  at("remove").hidden = work.state === "running";
  flow(at("flow"), work);
  messages(work);
  if (work.problem) problem(new Error([work.problem.message, work.problem.help].filter(Boolean).join("\n")));
  if (ended) {
    // while it runs the parts stand first, afterwards the result does
    at("flow-part").open = work.state !== "done";
    try {
      await result(work);
    } catch (error) {
      problem(error);
    }
  }
}

function openRun(id) {
  shownRun = null;
  at("result-part").hidden = true;
  stopFollowing();
  stopFollowing = follow(id, showRun);
}

const current = () => location.hash.slice("#run/".length);

async function start() {
  const { id } = await (await post("runs", choose.choices())).json();
  location.hash = `#run/${id}`;
}

async function resume() {
  await post(`work/${current()}/resume`);
  openRun(current());
}

async function remove() {
  if (!window.confirm("Remove this training, its secret key, its head and its report?")) return;
  await ask(`work/${current()}`, { method: "DELETE" });
  location.hash = "#runs";
}

// --- all runs

async function runs() {
  const all = await json("runs");
  at("runs-note").textContent = all.length === 0 ? "There is none yet." : "";
  at("runs").replaceChildren(...all.map((run) => {
    const line = element("tr");
    const open = element("a", "Open");
    open.href = `#run/${run.id}`;
    open.setAttribute("aria-label", `Open the training of ${when(run.created)} on ${run.name}`);
    const cell = element("td");
    cell.append(open);
    const accuracy = typeof run.accuracy === "number" ? percent(run.accuracy) : "";
    line.append(element("td", when(run.created)), element("td", run.name), element("td", run.label), element("td", run.server || "this machine"), element("td", run.state), element("td", accuracy, "n"), cell);
    return line;
  }));
}

async function beginning() {
  const all = await json("start");
  choose.encoders(all.encoders);
  const here = element("option", "This machine, as both parties");
  here.value = "";
  at("server").replaceChildren(here, ...all.servers.map((server) => {
    const made = element("option", `Server ${server.name}, ${server.url}`);
    made.value = server.name;
    return made;
  }));
  at("tables").hidden = all.tables.length === 0;
  at("tables-list").replaceChildren(...all.tables.slice(0, 10).map((table) => {
    const item = element("li");
    const button = element("button", `${table.name}, ${bytes(table.bytes)}`);
    button.type = "button";
    pressed(button, () => openTable(table.id));
    item.append(button, element("span", ` ${when(table.created)}`, "note"));
    return item;
  }));
  at("program").textContent = `${all.program}. Everything is kept in ${all.folder}, for you alone; runs there hold secret keys.`;
}

// --- pages

async function route() {
  // places within a page
  if (!/^(#new|#runs|#run\/[0-9a-f]{32})?$/.test(location.hash)) return;
  problem(null);
  const hash = location.hash || "#new";
  const page = hash.startsWith("#run/") ? "run" : hash === "#runs" ? "runs" : "new";
  ["new", "run", "runs"].forEach((name) => { at(`page-${name}`).hidden = name !== page; });
  document.querySelectorAll("nav a").forEach((link) => {
    if (link.getAttribute("href") === `#${page}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  });
  if (page !== "new" || estimating === null) stopFollowing();
  try {
    if (page === "run") openRun(current());
    if (page === "runs") await runs();
    if (page === "new") await beginning();
  } catch (error) {
    problem(error);
  }
}

dropping();
choose.onChange(forgetEstimate);
pressed(at("count"), choose.countLong);
pressed(at("estimate"), estimate);
pressed(at("estimate-stop"), () => post(`work/${estimating}/cancel`));
pressed(at("start"), start);
pressed(at("cancel"), () => post(`work/${current()}/cancel`));
pressed(at("resume"), resume);
pressed(at("remove"), remove);
window.addEventListener("hashchange", async () => {
  await route();
  const title = document.querySelector("#main > div:not([hidden]) h2");
  if (title) title.focus();
});
route();
