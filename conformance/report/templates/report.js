(() => {
  "use strict";
  const form = document.getElementById("filter");
  const shown = document.getElementById("shown");
  const nothing = document.getElementById("nothing");
  const operations = [...document.querySelectorAll("section.operation")];
  const rows = operations.flatMap((operation) =>
    [...operation.querySelectorAll("tbody > tr[data-v]")].map((row) => ({
      row,
      v: row.dataset.v,
      l: row.dataset.l,
      o: operation.dataset.o,
      c: row.parentNode.dataset.c,
      text: null,
    })),
  );

  const fits = (item, wanted, words) => {
    if (["v", "l", "o", "c"].some((key) => wanted[key] && wanted[key] !== item[key])) return false;
    if (!words.length) return true;
    item.text ??= `${item.row.textContent} ${item.o} ${item.c}`.toLowerCase();
    return words.every((word) => item.text.includes(word));
  };

  const apply = () => {
    const wanted = Object.fromEntries(new FormData(form));
    const words = wanted.q.toLowerCase().split(/\s+/).filter(Boolean);
    let number = 0;
    for (const item of rows) {
      item.row.hidden = !fits(item, wanted, words);
      number += item.row.hidden ? 0 : 1;
    }
    for (const operation of operations) {
      for (const body of operation.querySelectorAll("tbody")) body.hidden = !body.querySelector("tr[data-v]:not([hidden])");
      operation.hidden = !operation.querySelector("tbody:not([hidden])");
    }
    shown.textContent = number === rows.length ? `${number} requirements` : `${number} of ${rows.length} requirements`;
    nothing.hidden = number > 0;
  };

  form.hidden = false;
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));

  const reveal = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.closest("[hidden]")) {
      form.reset();
      apply();
    }
    for (let box = target.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  apply();
  reveal();

  const copy = async (text, pre) => {
    try {
      await navigator.clipboard.writeText(text);
      return "Copied";
    } catch {
      getSelection().selectAllChildren(pre);
      return text === pre.textContent && document.execCommand("copy") ? "Copied" : "Selected";
    }
  };
  for (const button of document.querySelectorAll("button.copy")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const pre = button.closest(".line").querySelector("pre");
      button.textContent = await copy(button.dataset.text ?? pre.textContent, pre);
      setTimeout(() => (button.textContent = "Copy"), 1500);
    });
  }

  const boxes = [...document.querySelectorAll("pre, .headers, .box, .tests, .why, .reason, .also, .target, .sentence")];
  const reachable = () => {
    const scrolls = boxes.map((box) => box.scrollHeight > box.clientHeight + 1 || box.scrollWidth > box.clientWidth + 1);
    boxes.forEach((box, number) => {
      if (scrolls[number]) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    });
  };
  let waiting = 0;
  const soon = () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(reachable);
  };
  addEventListener("resize", soon);
  document.addEventListener("toggle", soon, true);
  reachable();

  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("article.broken details:not([open])")];
    for (const box of closed) box.open = true;
  });
  addEventListener("afterprint", () => {
    for (const box of closed) box.open = false;
  });
})();
