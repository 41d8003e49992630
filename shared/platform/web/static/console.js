// Keys for people who live in lists. Whatever a key does can be done without it, so the console works
// the same where scripts are off. Keys rest while somebody types, and can be switched off for good.
"use strict";

(() => {
  const help = document.getElementById("keys");
  if (!help) return; // nobody is signed in
  const STORED = "ccax.keys";
  const OFF = "off";
  const ROWS = "main table > tbody > tr";
  const TARGETS = "a[href], button:not([disabled]), input:not([type=hidden]), select, summary";
  const TYPING = "input:not([type=checkbox]):not([type=radio]), select, textarea, [contenteditable]";

  // Private windows and strict browsers may refuse storage: keys are then on, for this page.
  const stored = {
    read() {
      try { return localStorage.getItem(STORED); } catch { return null; }
    },
    write(value) {
      try { localStorage.setItem(STORED, value); } catch { /* nothing to keep it in */ }
    },
  };
  let on = stored.read() !== OFF;

  const isShown = (element) => element.getClientRects().length > 0;
  const rows = () => Array.from(document.querySelectorAll(ROWS)).filter(isShown);
  const rowHere = () => document.activeElement.closest(ROWS);

  function enter(row) {
    const target = Array.from(row.querySelectorAll(TARGETS)).find(isShown) || row;
    if (target === row) row.tabIndex = -1;
    target.focus();
    row.scrollIntoView({ block: "nearest" });
  }

  function step(by) {
    const all = rows();
    if (all.length === 0) return;
    const at = all.indexOf(rowHere());
    const next = at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by;
    if (next >= 0 && next < all.length) enter(all[next]);
  }

  function open() {
    const link = rowHere()?.querySelector("a[href]");
    if (link) link.click();
  }

  function mark() {
    rowHere()?.querySelector("input[type=checkbox]:not([disabled])")?.click();
  }

  function search() {
    const box = document.querySelector("main input[type=search]");
    const filter = document.querySelector("main details.filters");
    if (!box && filter) filter.open = true;
    const field = box || filter?.querySelector("input:not([type=hidden]), select");
    if (field) field.focus();
  }

  function follow(selector) {
    const link = document.querySelector(selector);
    if (link) link.click();
  }

  // Sums of what is ticked, in cents, so that no cent is lost to floating point.
  const sums = document.querySelector("[data-difference]");
  if (sums) {
    const part = (name) => sums.querySelector(`[data-sum=${name}]`);
    const cents = (amount) => Math.round(Number(amount) * 100);
    const told = (value) =>
      (value < 0 ? "\u2212$" : "$") +
      (Math.abs(value) / 100).toLocaleString("en-US", { minimumFractionDigits: 2 });
    const form = sums.closest("form");
    const total = (name) => Array.from(form.querySelectorAll(`input[data-${name}]:checked`))
      .reduce((sum, box) => sum + cents(box.dataset[name]), 0);
    const renew = () => {
      const open = total("open");
      const money = total("money");
      part("open").textContent = told(open);
      part("money").textContent = told(money);
      part("difference").textContent = told(money - open);
      part("state").className = open === money ? "state good" : "state open";
      part("state").textContent = open === money ? "no difference"
        : (money > open ? "too much money" : "too little money");
    };
    form.addEventListener("change", renew);
    renew(); // a browser that went back has kept its ticks
  }

  const ACTIONS = {
    j: () => step(1),
    k: () => step(-1),
    o: open,
    x: mark,
    n: () => follow("main a[rel=next]"),
    "/": search,
    "?": () => help.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (!on || event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
    if (help.open || event.target.closest(TYPING)) return;
    const act = ACTIONS[event.key];
    if (!act) return;
    event.preventDefault(); // "/" opens the browser's own search
    act();
  });

  const button = document.getElementById("keys-open");
  const choice = document.getElementById("keys-on");
  button.hidden = false;
  button.addEventListener("click", () => help.showModal());
  choice.checked = on;
  choice.addEventListener("change", () => {
    on = choice.checked;
    stored.write(on ? "on" : OFF);
  });
})();
