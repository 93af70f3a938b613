"use strict";
// Tooltips. The page says all the rest without a script.
(() => {
  const tip = document.getElementById("tip");
  const show = (event) => {
    const mark = event.target.closest("figure path[aria-label]");
    tip.hidden = !mark;
    if (!mark) return;
    tip.textContent = mark.getAttribute("aria-label");
    const left = event.clientX + 14;
    const room = innerWidth - tip.offsetWidth - 8;
    const above = event.clientY - tip.offsetHeight - 12;
    tip.style.left = `${Math.max(8, Math.min(left, room))}px`;
    tip.style.top = `${above < 8 ? event.clientY + 18 : above}px`;
  };
  for (const kind of ["pointermove", "pointerdown"]) addEventListener(kind, show);
  addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });
})();
