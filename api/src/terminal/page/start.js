// The page: who signs in, the dashboard's bytes in and out, and what is said when they stop. What a person may do is the
// daemon's to decide. Tokens are kept in variables alone: not in the address, a cookie or a storage.

import "/terminal/policy.js";
import { ClipboardAddon } from "/terminal/addon-clipboard.mjs";
import { FitAddon } from "/terminal/addon-fit.mjs";
import { Terminal } from "/terminal/xterm.mjs";

// How a conversation was closed (see talk.rs).
const SIGNED_OUT = 4401;
const LEFT = 1000;
const FAILED = 1011;
const TIMED_OUT = 4408;
const REFUSED = 4429;
// Bytes of one message, and of one paste, at most.
const CHUNK = 16 * 1024;
const PASTE = 1024 * 1024;
// Milliseconds between two tries to connect: the first, and the longest.
const SOON = 500;
const LATE = 15_000;

const part = (id) => document.getElementById(id);
const form = part("login");
const light = matchMedia("(prefers-color-scheme: light)");

let tokens = null;
let socket = null;
let terminal = null;
let wait = SOON;

function say(text) {
  part("state").textContent = text;
  part("state").hidden = !text;
}

/// Says something for a moment.
function mention(text) {
  say(text);
  setTimeout(() => part("state").textContent === text && say(""), 5_000);
}

async function post(path, body, token) {
  const headers = { "content-type": "application/json" };
  if (token) headers.authorization = `Bearer ${token}`;
  const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  return { ok: answer.ok, ...(await answer.json()) };
}

/// Back to the first page, with why.
function leave(why) {
  const left = tokens;
  tokens = null;
  socket = null;
  say("");
  part("screen").hidden = true;
  part("door").hidden = false;
  part("said").textContent = why;
  document.title = "Keyward";
  form.elements.email.focus();
  // What is not signed out here ends by itself.
  if (left) post("/api/auth/logout", {}, left.token).catch(() => {});
}

/// Why nobody is signed in. The daemon does not say which was wrong, nor that it refuses whatever comes for a while.
function refusal({ code, detail }) {
  if (code !== "unauthenticated") return `${detail[0].toUpperCase()}${detail.slice(1)}.`;
  const which = part("second").hidden ? "E-mail or password is" : "E-mail, password or code is";
  return `${which} wrong. After five wrong tries, right ones are refused too for a minute or longer.`;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { email, password, totp } = form.elements;
  const login = { email: email.value, password: password.value };
  if (totp.value) login.totp = totp.value.trim();
  part("said").textContent = "";
  try {
    const answer = await post("/api/auth/login", login);
    if (answer.ok) {
      tokens = answer;
      form.reset();
      part("second").hidden = true;
      open();
    } else if (answer.code === "totp_required" && part("second").hidden) {
      part("second").hidden = false;
      totp.focus();
    } else {
      part("said").textContent = refusal(answer);
      password.select();
    }
  } catch {
    part("said").textContent = "The daemon cannot be reached.";
  }
});

function theme() {
  const look = getComputedStyle(document.documentElement);
  const colour = (name) => look.getPropertyValue(name).trim();
  return { background: colour("--back"), foreground: colour("--text"), cursor: colour("--text"), cursorAccent: colour("--back") };
}

/// The terminal, made once; the dashboard is what decides what it shows.
function make() {
  const { fontFamily } = getComputedStyle(document.body);
  terminal = new Terminal({ fontFamily, fontSize: 15, scrollback: 0, theme: theme(), macOptionIsMeta: true });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  // To copy is the dashboard's to ask for. To read what was copied elsewhere is not.
  terminal.loadAddon(new ClipboardAddon(undefined, { readText: () => "", writeText: copy }));
  const screen = part("screen");
  terminal.open(screen);
  new ResizeObserver(() => screen.hidden || fit.fit()).observe(screen);
  light.addEventListener("change", () => (terminal.options.theme = theme()));
  screen.addEventListener("paste", refuseLong, true);
  terminal.onTitleChange((title) => (document.title = title));
  terminal.onResize(({ cols, rows }) => send(JSON.stringify({ cols, rows })));
  terminal.onData((text) => type(new TextEncoder().encode(text)));
  terminal.onBinary((text) => type(Uint8Array.from(text, (char) => char.charCodeAt(0))));
  fit.fit();
}

async function copy(_, text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    mention("The browser did not let it be copied.");
  }
}

function refuseLong(event) {
  if (event.clipboardData.getData("text/plain").length <= PASTE) return;
  event.preventDefault();
  event.stopPropagation();
  mention("That is more than 1 MiB; nothing was pasted.");
}

function send(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(message);
}

function type(bytes) {
  for (let at = 0; at < bytes.length; at += CHUNK) send(bytes.subarray(at, at + CHUNK));
}

/// Opens the dashboard, or opens it again where it was.
function open() {
  part("door").hidden = true;
  part("screen").hidden = false;
  if (!terminal) make();
  const opened = new WebSocket(`${location.origin.replace("http", "ws")}/terminal/socket`);
  opened.binaryType = "arraybuffer";
  opened.addEventListener("open", () => {
    terminal.reset();
    send(JSON.stringify({ token: tokens.token, cols: terminal.cols, rows: terminal.rows }));
    terminal.focus();
  });
  opened.addEventListener("message", ({ data }) => {
    wait = SOON;
    say("");
    terminal.write(new Uint8Array(data));
  });
  opened.addEventListener("close", ({ code, reason }) => socket === opened && closed(code, reason));
  socket = opened;
}

async function closed(code, reason) {
  if ([LEFT, FAILED, TIMED_OUT, REFUSED].includes(code)) return leave(reason);
  // The access token lives an hour; what it was issued with lives longer.
  if (code === SIGNED_OUT && !(await refreshed())) return leave(reason);
  say("The connection is gone. Connecting again …");
  setTimeout(() => tokens && open(), wait);
  wait = Math.min(wait * 2, LATE);
}

async function refreshed() {
  try {
    const answer = await post("/api/auth/refresh", { refreshToken: tokens.refreshToken });
    if (answer.ok) tokens = answer;
    return answer.ok;
  } catch {
    return false;
  }
}
