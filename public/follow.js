// An open page follows what it shows: a stream tells that something changed, and its live parts are made like those of
// the page as it is now. The rest stays as it is, with focus, scrolling, selection and what somebody typed or unfolded.

// The last of these pauses is half a minute's, with which the slow ones begin.
const QUICK_TRIES = 6;
const QUICKEST = 500;
const SLOW = 30_000;
const SLOWEST = 300_000;

const script = document.querySelector("script[data-topics]");
const topics = script.dataset.topics.split(" ").map((topic) => `topic=${topic}&`).join("");
const between = (from, to) => from + Math.random() * (to - from);

let stream, timer, again, looking, missed, ended, refused;
let tries = 0;
let slow = SLOW;
// When what is shown was asked for: the stream tells what changed since.
let shown = performance.getEntriesByType("navigation")[0]?.requestStart ?? 0;

function later(then, pause) {
  clearTimeout(timer);
  timer = setTimeout(then, pause);
}

// What is under way may end by what no topic tells, such as a sync that changed nothing.
function lookAgain(page) {
  clearTimeout(again);
  const pause = page.querySelector("[data-look-again]")?.dataset.lookAgain;
  if (pause && !document.hidden) again = setTimeout(look, pause * 1000);
}

function rest() {
  clearTimeout(timer);
  clearTimeout(again);
  stream?.close();
  stream = undefined;
}

// A page that nobody sees holds no stream.
function follow() {
  if (stream || ended || refused || document.hidden) return;
  try {
    stream = new EventSource(`/events?${topics}age=${Math.round(performance.now() - shown)}`);
  } catch {
    return lost();
  }
  stream.onopen = () => { tries = 0; slow = SLOW; };
  // Not all pages at the same moment.
  stream.onmessage = () => later(look, between(0, 200));
  stream.onerror = lost;
}

async function lost() {
  const closed = stream?.readyState === EventSource.CLOSED && stream.url;
  rest();
  const status = closed ? await statusOf(closed) : 0;
  if (stream) return;
  // Signed out, or no longer theirs to see: asked again when somebody comes back to the page.
  refused = status === 401 || status === 404;
  if (refused) return;
  // With no place for it at present, quick tries are as many refusals.
  if (status === 503) tries = QUICK_TRIES;
  if (tries < QUICK_TRIES) return later(follow, QUICKEST * 2 ** tries++ * between(0.5, 1.5));
  await look();
  if (!stream) later(follow, slow * between(0.5, 1.5));
}

// A stream that was refused does not say why.
async function statusOf(url) {
  const stop = new AbortController();
  try {
    return (await fetch(url, { signal: stop.signal })).status;
  } catch {
    return 0;
  } finally {
    stop.abort();
  }
}

async function look() {
  if (looking) return void (missed = true);
  looking = true;
  const asked = performance.now();
  try {
    await make(await fetch(location.href, {
      headers: { accept: "text/html", "kalends-follow": "1" },
      redirect: "error",
    }));
    [shown, slow, tries] = [asked, SLOW, stream ? 0 : tries];
  } catch {
    // Signed out, or Kalends is not there: the page stays as it was.
    if (stream && tries < QUICK_TRIES) later(look, QUICKEST * 2 ** tries++ * between(0.5, 1.5));
    else slow = Math.min(2 * slow, SLOWEST);
  }
  looking = false;
  if (missed) later(look, 0);
  missed = false;
}

async function make(answer) {
  ended = answer.status === 404;
  if (!answer.ok && !ended) throw answer.status;
  const now = new DOMParser().parseFromString(await answer.text(), "text/html");
  lookAgain(now);
  if (document.title !== now.title) document.title = now.title;
  // What the page is about is no more: all of it says so.
  if (ended) rest();
  for (const old of document.querySelectorAll(ended ? "main" : "[data-live]")) {
    const wanted = now.getElementById(old.id);
    if (!wanted || !old.isConnected || old.isEqualNode(wanted)) continue;
    const named = [old, wanted].map(nameByContent).flat();
    Idiomorph.morph(old, wanted, { ignoreActiveValue: true, callbacks });
    for (const node of named) node.removeAttribute("id");
  }
}

// What leads to the same place or chooses the same one is the same thing, wherever it stands now.
function nameByContent(root) {
  const named = new Map();
  for (const node of root.querySelectorAll("a[href]:not([id]), input[type=checkbox]:not([id])")) {
    named.set(node.getAttribute("href") ?? `${node.name}=${node.value}`, node);
  }
  for (const [content, node] of named) node.id = `is:${content}`;
  return [...named.values()];
}

const isField = (node) => node instanceof Element && node.matches("input, select, textarea");

const fieldsIn = (node) => {
  if (!(node instanceof Element)) return [];
  return isField(node) ? [node] : [...node.querySelectorAll("input, select, textarea")];
};

const isFocused = (field) => field === document.activeElement;

function isUsed(field) {
  if (isFocused(field)) return true;
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (!field.options) return field.value !== field.defaultValue;
  const standard = [...field.options].findIndex((option) => option.defaultSelected);
  return field.selectedIndex !== Math.max(standard, 0);
}

const callbacks = {
  // An island looks after itself.
  beforeNodeMorphed: (old) => !(isField(old) && isUsed(old)) && old.localName !== "leptos-island",
  beforeNodeRemoved: (node) => !fieldsIn(node).some(ended ? isFocused : isUsed),
  beforeAttributeUpdated: (name, _, change) => !(name === "open" && change === "remove"),
};

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return rest();
  refused = false;
  lookAgain(document);
  follow();
});
addEventListener("pagehide", rest);
// A page that comes back as it was left; one that is new follows already.
addEventListener("pageshow", (event) => event.persisted && follow());
lookAgain(document);
follow();
