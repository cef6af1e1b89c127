// The room works without this. It brings the search box to whoever presses "/".
document.addEventListener("keydown", (event) => {
  const tag = event.target.tagName;
  if (event.key === "/" && !event.ctrlKey && !event.metaKey && !["INPUT", "TEXTAREA", "SELECT"].includes(tag)) {
    const box = document.querySelector("#q, .quick input");
    if (box) { event.preventDefault(); box.focus(); }
  }
});
