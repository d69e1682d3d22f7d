// The dashboard: asks the server every two seconds and shows the answer. Everything is set as text, never as markup.
"use strict";

const EVERY = 2000;
const at = (id) => document.getElementById(id);
let token = sessionStorage.getItem("token");
let timer = null;

async function ask(path) {
  const answer = await fetch(path, { headers: { authorization: `Bearer ${token}` } });
  if (answer.status === 401) {
    forget();
    throw new Error("The server does not know this token.");
  }
  if (!answer.ok) throw new Error((await answer.json()).title);
  return answer.json();
}

function forget() {
  token = null;
  sessionStorage.removeItem("token");
  clearTimeout(timer);
  at("login").hidden = false;
  at("shown").hidden = true;
  at("leave").hidden = true;
  at("who").textContent = "";
  at("token").focus();
}

function element(name, text, kind) {
  const made = document.createElement(name);
  if (text !== undefined && text !== null) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function bytes(count) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (count >= 1000 && unit + 1 < units.length) {
    count /= 1024;
    unit += 1;
  }
  return `${count.toFixed(unit === 0 || count >= 100 ? 0 : 1)} ${units[unit]}`;
}

function seconds(count) {
  if (count < 100) return `${Math.ceil(count)} s`;
  if (count < 6000) return `${Math.floor(count / 60)} min`;
  return `${Math.floor(count / 3600)} h ${Math.round((count % 3600) / 60)} min`;
}

function figures(pairs) {
  at("figures").replaceChildren(...pairs.map(([name, value]) => {
    const pair = element("div");
    pair.append(element("dt", name), element("dd", value));
    return pair;
  }));
}

function progress(job) {
  const cell = element("td");
  const now = job.progress;
  if (job.error) {
    cell.className = "why";
    cell.textContent = job.error.message;
  } else if (job.state === "running" && now) {
    const bar = element("progress");
    bar.max = Math.max(1, now.total);
    bar.value = now.done;
    bar.setAttribute("aria-label", now.phase);
    cell.append(bar, element("div", `${now.phase}: ${now.done} of ${now.total}`));
  } else if (job.before) {
    cell.textContent = `${job.before} before it`;
  } else if (job.result) {
    const report = job.result.report || {};
    const bootstraps = report.bootstraps ? `, ${report.bootstraps} bootstraps` : "";
    cell.textContent = report.iterations ? `${report.iterations} iteration${report.iterations === 1 ? "" : "s"}${bootstraps}` : bytes(job.result.bytes);
  }
  return cell;
}

function row({ project, job }) {
  const line = element("tr");
  const left = job.state === "running" && job.progress && job.progress.phase === "train" ? job.progress.seconds_left : null;
  line.append(
    element("td", project),
    element("td", job.id.slice(0, 12), "id"),
    element("td", { train: "training", score: "scoring", joint: "joint training" }[job.kind]),
    element("td", job.state, job.state),
    progress(job),
    element("td", left === null || left === undefined ? "" : seconds(left)),
    element("td", new Date(job.created).toLocaleString()),
    element("td", job.attempts),
  );
  return line;
}

function jobs(all) {
  const count = (state) => all.filter(({ job }) => job.state === state).length;
  const summary = `${count("running")} running, ${count("queued")} waiting, ${count("done")} done, ${count("failed")} failed`;
  if (at("jobs-summary").textContent !== summary) at("jobs-summary").textContent = summary;
  at("jobs").replaceChildren(...all.map(row));
}

// A row for each party of a session that has said something, and one for whoever trains.
function session({ project, session }) {
  const names = new Map(session.messages.map((message) => [message.name, message]));
  const parties = [...new Set([...names.keys()].filter((name) => name.endsWith("_join.json")).map((name) => name.split("_")[0]))];
  const mark = (done) => element("td", done ? "yes" : "-");
  const rows = parties.map((party) => {
    const own = session.messages.filter((message) => message.name.startsWith(`${party}_`));
    const line = element("tr");
    const shares = own.filter((message) => message.name.endsWith(".share")).length;
    line.append(
      element("td", project),
      element("td", session.name, "id"),
      element("td", party),
      mark(names.has(`${party}_join.json`)),
      element("td", names.has(`${party}_second.share`) ? `all ${shares}` : shares ? `${shares}` : "-"),
      mark(names.has(`${party}_data.enc`)),
      element("td", ""),
      mark(names.has(`checks_${party}.json`)),
      mark(names.has(`${party}_decryption.age`)),
      element("td", bytes(own.reduce((sum, message) => sum + message.bytes, 0))),
    );
    return line;
  });
  const head = names.get("head.enc");
  const line = element("tr");
  line.append(element("td", project), element("td", session.name, "id"), element("td", head ? head.from : "compute party"));
  for (const text of ["", "", "", head ? "yes" : "-", "", "", head ? bytes(head.bytes) : ""]) line.append(element("td", text));
  return [...rows, line];
}

function sessions(all) {
  at("sessions-part").hidden = all.length === 0;
  at("sessions").replaceChildren(...all.flatMap(session));
}

async function ofOperator() {
  const all = await ask("/v1/overview");
  figures([
    ["Version", all.version],
    ["Up for", seconds(all.uptime_seconds)],
    ["Stored", bytes(all.stored_bytes)],
    ["Free on the disk", bytes(all.free_bytes)],
    ["Memory of the server", bytes(all.memory_bytes)],
    ["Memory of a job, at most", bytes(all.job_memory_bytes)],
    ["Requests", `${all.requests}, ${all.refused} of them refused`],
  ]);
  jobs(all.jobs);
  sessions(all.sessions);
  at("audit-part").hidden = false;
  at("audit").replaceChildren(...all.audit.map((entry) => {
    const line = element("tr");
    line.append(
      element("td", entry.number),
      element("td", new Date(entry.time).toLocaleString()),
      element("td", entry.actor),
      element("td", entry.action),
      element("td", entry.object, "id"),
    );
    return line;
  }));
}

async function ofMember(account) {
  const all = [];
  const together = [];
  const pairs = [];
  for (const project of account.projects) {
    for (const session of await ask(`/v1/projects/${encodeURIComponent(project.name)}/sessions`)) together.push({ project: project.name, session });
    pairs.push([project.name, `${bytes(project.bytes)} of ${bytes(project.most_bytes)}`]);
    for (const job of await ask(`/v1/projects/${encodeURIComponent(project.name)}/jobs`)) all.push({ project: project.name, job });
  }
  figures(pairs);
  jobs(all);
  sessions(together);
}

async function show() {
  clearTimeout(timer);
  try {
    const account = await ask("/v1/account");
    at("who").textContent = account.operator && account.name !== "operator" ? `${account.name}, operator` : account.name;
    await (account.operator ? ofOperator() : ofMember(account));
    at("login").hidden = true;
    at("shown").hidden = false;
    at("leave").hidden = false;
    at("problem").textContent = "";
  } catch (error) {
    at("problem").textContent = error instanceof TypeError ? "The server does not answer; this page tries again." : error.message;
  }
  if (token) timer = setTimeout(show, EVERY);
}

at("login").addEventListener("submit", (event) => {
  event.preventDefault();
  token = at("token").value.trim();
  at("token").value = "";
  sessionStorage.setItem("token", token);
  show();
});
at("leave").addEventListener("click", forget);
if (token) show();
else forget();
