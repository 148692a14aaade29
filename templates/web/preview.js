(() => {
  const choose = (id) => {
    const tab = document.getElementById("tab-" + id);
    if (tab) tab.checked = true;
  };
  const keep = (id) => sessionStorage.setItem("tab", id);
  choose(sessionStorage.getItem("tab"));
  for (const tab of document.querySelectorAll("input[name=tab]")) tab.addEventListener("change", () => keep(tab.value));
  for (const link of document.querySelectorAll("main a[href^='#']"))
    link.addEventListener("click", () => { choose(link.hash.slice(1)); keep(link.hash.slice(1)); });

  const frames = document.querySelector(".frames");
  if (frames) {
    frames.scrollLeft = sessionStorage.getItem("frames") || 0;
    addEventListener("pagehide", () => sessionStorage.setItem("frames", frames.scrollLeft));
  }

  const live = document.getElementById("live");
  const changes = new EventSource("/changes?since=" + document.body.dataset.version);
  changes.onopen = () => { live.textContent = "Follows your edits. Nothing is sent or recorded."; };
  changes.onerror = () => { live.textContent = "The preview has ended; start it again."; };
  // Not while somebody is choosing: the choice would be lost.
  const choices = [...document.querySelectorAll("select, #letters")].map((one) => [one, one.value]);
  const choosing = () => choices.some(([one, shown]) => one.value !== shown);
  const follow = () => (choosing() ? setTimeout(follow, 1000) : location.reload());
  changes.addEventListener("changed", () => { changes.close(); follow(); });
})();
