// What pages do with script beyond following: copying, and the browser's time zone.

const SHOWN = 4000;
const root = document.documentElement;

// Puts the text beside a pressed button "Copy" into the clipboard, and says so.
document.addEventListener("click", async ({ target }) => {
  const button = target instanceof Element && target.closest("button.copy");
  const block = button && button.closest(".copyable")?.querySelector(".copy-text");
  if (!block) return;
  const lines = block.matches("ul") ? [...block.children] : [block];
  const text = lines.map((line) => line.textContent.trim()).join("\n");
  const told = button.nextElementSibling;
  try {
    await navigator.clipboard.writeText(text);
    told.textContent = "Copied";
  } catch {
    // The browser does not let pages write there: the text is chosen, and the keyboard copies it.
    getSelection().selectAllChildren(block);
    told.textContent = "Selected: press Ctrl+C";
  }
  setTimeout(() => { told.textContent = ""; }, SHOWN);
});

// Without script there is no button, and one click chooses the whole text.
root.dataset.copies = "true";

// The zone that the browser is set to goes into a field that nobody chose for, and is offered beside one that says otherwise.
const offer = document.getElementById("browser-zone");
const field = document.querySelector("input[name=time_zone]");
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (offer && field && zone && zone !== field.value) {
  if ("takes" in offer.dataset && field.value === field.defaultValue) {
    field.value = zone;
  } else {
    const use = Object.assign(document.createElement("button"), {
      className: "button button-small", type: "button", textContent: "Use it",
    });
    use.addEventListener("click", () => {
      field.value = zone;
      offer.hidden = true;
    });
    offer.append(`This browser is set to ${zone}. `, use);
    offer.hidden = false;
  }
}

// Where islands are still to wake, they set the mark.
if (!document.querySelector("leptos-island")) root.dataset.hydrated = "true";
