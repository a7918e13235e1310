// SPDX-License-Identifier: Apache-2.0
// Fills in the status page from /api/v1/ and asks again every two seconds. The token is kept for
// this tab only and goes into a header of each request, never into an address.
"use strict";

const PERIOD_MS = 2000;
const SAMPLES = 90; // three minutes
const LOG_KEPT = 60000;
const byId = (id) => document.getElementById(id);

const state = {
  token: sessionStorage.getItem("bulkhead-token") || "",
  history: new Map(), // VM -> {last, at, rates}
  cards: new Map(), // VM -> element
  log: { next: null, text: "" },
  chosen: null, // VM that is looked into
  view: "console",
  console: { next: 0, text: "" },
};

async function call(path, options = {}) {
  const headers = state.token ? { Authorization: "Bearer " + state.token } : {};
  const answer = await fetch(path, { ...options, headers, cache: "no-store" });
  let body;
  try {
    body = await answer.json();
  } catch {
    throw new Error(`${path}: the answer cannot be read`);
  }
  if (!answer.ok) {
    throw Object.assign(new Error(body.error || answer.statusText), { status: answer.status });
  }
  return body;
}

function complain(text) {
  byId("complaint").textContent = text;
  byId("complaint").hidden = !text;
}

function bytes(count) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (count >= 1024 && unit < units.length - 1) {
    count /= 1024;
    unit++;
  }
  return `${count >= 100 || count % 1 === 0 ? Math.round(count) : count.toFixed(1)} ${units[unit]}`;
}

function duration(seconds) {
  const s = Math.floor(seconds);
  const parts = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const first = parts.findIndex(([size]) => s >= size);
  if (first < 0) return "0 s";
  const [size, unit] = parts[first];
  const next = parts[first + 1];
  const rest = next ? Math.floor((s % size) / next[0]) : 0;
  return `${Math.floor(s / size)} ${unit}` + (rest ? ` ${rest} ${next[1]}` : "");
}

function rateText(rate) {
  if (rate >= 1e6) return `${(rate / 1e6).toFixed(1)} M`;
  if (rate >= 1e4) return `${(rate / 1e3).toFixed(0)} k`;
  if (rate >= 10 || rate === 0) return rate.toFixed(0);
  return rate.toFixed(1);
}

// Exits a second of the machine's own time since the answer before.
function sample(vm, seconds) {
  const old = state.history.get(vm.name);
  const entry = old || { rates: [] };
  if (old && seconds > old.at) {
    const fresh = vm.exits < old.last ? vm.exits : vm.exits - old.last; // it was started anew
    entry.rates.push(fresh / (seconds - old.at));
    entry.rates.splice(0, entry.rates.length - SAMPLES);
  }
  entry.last = vm.exits;
  entry.at = seconds;
  state.history.set(vm.name, entry);
  return entry.rates;
}

function drawPlot(card, rates) {
  const peak = Math.max(1, ...rates);
  const x = (i) => (240 * (SAMPLES - rates.length + i)) / (SAMPLES - 1);
  const y = (rate) => 54 - (50 * rate) / peak;
  const points = rates.map((rate, i) => `${x(i).toFixed(1)},${y(rate).toFixed(1)}`);
  const curve = points.length > 1 ? "M" + points.join("L") : "";
  card.querySelector(".curve").setAttribute("d", curve);
  card.querySelector(".area").setAttribute(
    "d", curve && `${curve}L240,56L${x(0).toFixed(1)},56Z`);
  const now = rates.length ? rates[rates.length - 1] : null;
  card.querySelector(".now").textContent = now === null ? "…" : `${rateText(now)} exits/s`;
  card.querySelector(".peak").textContent = rates.length > 1
    ? `peak ${rateText(Math.max(...rates))} in ${duration((rates.length * PERIOD_MS) / 1000)}` : "";
  card.querySelector(".plot").setAttribute("aria-label", "exits a second over time");
}

const ALLOWED = {
  running: ["pause", "restart", "stop"],
  paused: ["resume", "restart", "stop"],
  stopped: ["start"],
  crashed: ["start"],
  pausing: ["stop"],
  waiting: ["start", "stop"],
};

function newCard(name) {
  const card = byId("vm").content.firstElementChild.cloneNode(true);
  card.querySelector(".name").textContent = name;
  for (const button of card.querySelectorAll("[data-act]")) {
    button.addEventListener("click", () => act(name, button));
  }
  card.querySelector("[data-open]").addEventListener("click", () => look(name, state.view));
  byId("vms").append(card);
  state.cards.set(name, card);
  return card;
}

function showVm(vm, seconds) {
  const card = state.cards.get(vm.name) || newCard(vm.name);
  const label = card.querySelector(".state");
  label.textContent = vm.state;
  label.className = "state " + vm.state;
  card.classList.toggle("chosen", vm.name === state.chosen);
  const what = [`${vm.vcpus} CPU${vm.vcpus === 1 ? "" : "s"}`, bytes(vm.memory_bytes)];
  if (vm.real_time) what.push("real-time");
  if (vm.self) what.push("serves this page");
  else if (vm.manage) what.push("manages");
  if (vm.restarts) what.push(`${vm.restarts} restart${vm.restarts === 1 ? "" : "s"}`);
  if (vm.crashes) what.push(`${vm.crashes} crash${vm.crashes === 1 ? "" : "es"}`);
  if (vm.denied) what.push(`${vm.denied} denied`);
  what.push(`console :${vm.console_port}`);
  card.querySelector(".what").textContent = what.join(" · ");
  card.querySelector(".end").textContent = vm.end ? `Last end: ${vm.end}` : "";
  drawPlot(card, sample(vm, seconds));
  for (const button of card.querySelectorAll("[data-act]")) {
    const fits = (ALLOWED[vm.state] || []).includes(button.dataset.act) &&
      !(vm.self && button.dataset.act === "pause");
    button.hidden = !fits;
    button.disabled = !state.token;
    button.title = state.token ? "" : "needs the token";
  }
}

// Stopping and restarting take two clicks.
async function act(name, button) {
  const action = button.dataset.act;
  if ((action === "stop" || action === "restart") && !button.classList.contains("sure")) {
    const label = button.textContent;
    button.classList.add("sure");
    button.textContent = "Sure?";
    setTimeout(() => {
      button.classList.remove("sure");
      button.textContent = label;
    }, 4000);
    return;
  }
  button.classList.remove("sure");
  try {
    await call(`api/v1/vms/${name}/${action}`, { method: "POST" });
    complain("");
  } catch (error) {
    complain(`${action} of ${name}: ${error.message}`);
  }
  refresh();
}

function facts(machine, vms) {
  const running = vms.filter((vm) => vm.state === "running").length;
  const rows = [
    ["VMs running", `${running} of ${vms.length}`],
    ["CPUs", machine.cpus],
    ["Up", duration(machine.uptime_us / 1e6)],
    ["RAM of VMs", bytes(machine.memory.vms)],
    ["Hypervisor's own", bytes(machine.memory.bulkhead)],
    ["TSC", `${(machine.tsc_hz / 1e9).toFixed(2)} GHz`],
  ];
  byId("facts").replaceChildren(...rows.map(([name, value]) => {
    const box = document.createElement("div");
    const term = document.createElement("dt");
    const what = document.createElement("dd");
    term.textContent = name;
    what.textContent = value;
    box.append(term, what);
    return box;
  }));
}

// Appends to a box of text, and stays at its end if the reader was there.
function appendTo(box, kept, fresh) {
  if (!fresh && box.textContent) return kept;
  const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
  const text = (kept + fresh).slice(-LOG_KEPT);
  box.textContent = text;
  if (atEnd) box.scrollTop = box.scrollHeight;
  return text;
}

// What a terminal would do with the simplest of its codes; the others are left out.
function plain(text) {
  return text.replace(/\x1b\[[0-9;?=]*[A-Za-z]/g, "").replace(/\x1b[()][A-Z0-9]/g, "")
    .replace(/\r+\n/g, "\n").replace(/[\x00-\x08\x0b-\x1f\x7f]/g, "");
}

async function refreshInside() {
  const name = state.chosen;
  if (!name) return;
  if (state.view === "counters") {
    showCounters(await call(`api/v1/vms/${name}`));
    return;
  }
  if (state.view !== "console") return;
  const from = state.console.next;
  const chunk = await call(`api/v1/vms/${name}/console?from=${from}`);
  if (name !== state.chosen || state.view !== "console" || from !== state.console.next) return;
  state.console.next = chunk.next;
  state.console.text = appendTo(byId("console-text"), state.console.text, plain(chunk.text));
}

function showCounters(vm) {
  const names = [...new Set(vm.vcpu.flatMap((vcpu) => Object.keys(vcpu.reasons)))].sort();
  const table = document.createElement("table");
  const row = (cells, kind) => {
    const line = table.insertRow();
    for (const cell of cells) {
      const box = document.createElement(kind);
      box.textContent = cell;
      line.append(box);
    }
  };
  row(["", ...vm.vcpu.map((vcpu) => `vCPU ${vcpu.index} on CPU ${vcpu.cpu}`)], "th");
  row(["state", ...vm.vcpu.map((vcpu) => vcpu.state)], "td");
  row(["exits", ...vm.vcpu.map((vcpu) => vcpu.exits.toLocaleString("en"))], "td");
  for (const name of names) {
    row([name.replaceAll("_", " "),
      ...vm.vcpu.map((vcpu) => (vcpu.reasons[name] || 0).toLocaleString("en"))], "td");
  }
  row(["denied accesses", ...vm.vcpu.map((vcpu) => vcpu.denied.toLocaleString("en"))], "td");
  byId("counters").replaceChildren(table);
}

async function look(name, view) {
  state.chosen = name;
  state.view = view;
  state.console = { next: 0, text: "" };
  byId("console").hidden = !name;
  for (const [vm, card] of state.cards) card.classList.toggle("chosen", vm === name);
  if (!name) return;
  byId("console-name").textContent = name;
  byId("console-text").textContent = "";
  byId("counters").replaceChildren();
  byId("console-text").hidden = view === "counters";
  byId("type").hidden = view !== "console";
  for (const tab of document.querySelectorAll("[data-view]")) {
    tab.classList.toggle("chosen", tab.dataset.view === view);
  }
  try {
    if (view === "crash" || view === "plan") {
      const { text } = await call(`api/v1/vms/${name}/${view}`);
      byId("console-text").textContent = text || (view === "crash" ? "It has not crashed." : "");
    }
    await refreshInside();
    complain("");
  } catch (error) {
    complain(`${view} of ${name}: ${error.message}`);
  }
}

function accessShown() {
  byId("forget").hidden = !state.token;
  byId("enter").hidden = !!state.token;
  byId("token").disabled = !!state.token;
  byId("token").placeholder = state.token ? "in use" : "";
}

function setToken(token) {
  state.token = token;
  if (token) sessionStorage.setItem("bulkhead-token", token);
  else sessionStorage.removeItem("bulkhead-token");
  byId("token").value = "";
  accessShown();
}

let refreshing = false;
let refused = false; // the complaint that stands is refresh's own
async function refresh() {
  if (refreshing) return;
  refreshing = true;
  const live = byId("live");
  try {
    const query = state.log.next === null ? "" : `?log=${state.log.next}`;
    const status = await call("api/v1/status" + query);
    byId("version").textContent = status.machine.version;
    facts(status.machine, status.vms);
    for (const vm of status.vms) showVm(vm, status.machine.uptime_us / 1e6);
    byId("log-note").textContent = status.log.missed && state.log.next !== null
      ? `${status.log.missed} bytes were overwritten before they could be shown` : "";
    state.log.next = status.log.next;
    state.log.text = appendTo(byId("log"), state.log.text, status.log.text);
    live.className = "live on";
    live.textContent = new Date().toLocaleTimeString();
    if (refused) complain("");
    refused = false;
    await refreshInside();
  } catch (error) {
    refused = true;
    live.className = "live off";
    live.textContent = error.status ? "no access" : "not reached";
    if (error.status === 401 && state.token) {
      setToken("");
    }
    complain(error.status === 401 ? `Enter the token: ${error.message}` : error.message);
  } finally {
    refreshing = false;
  }
}

byId("access").addEventListener("submit", (event) => {
  event.preventDefault();
  setToken(byId("token").value);
  refresh();
});
byId("forget").addEventListener("click", () => {
  setToken("");
  look(null, "console");
  refresh();
});
byId("console-close").addEventListener("click", () => look(null, "console"));
for (const tab of document.querySelectorAll("[data-view]")) {
  tab.addEventListener("click", () => look(state.chosen, tab.dataset.view));
}
byId("type").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await call(`api/v1/vms/${state.chosen}/console`,
      { method: "POST", body: byId("line").value + "\r" });
    byId("line").value = "";
    setTimeout(() => refreshInside().catch(() => {}), 300);
  } catch (error) {
    complain(error.message);
  }
});
document.addEventListener("visibilitychange", () => document.hidden || refresh());
accessShown();
refresh();
setInterval(() => document.hidden || refresh(), PERIOD_MS);
