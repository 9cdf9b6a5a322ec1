// The handbook's language switch and its search. Nothing is fetched: the index is a script, read when it is first needed.
"use strict";
(function () {
  var root = document.documentElement;
  var field = document.getElementById("find");
  var list = document.getElementById("found");
  var count = document.getElementById("count");
  var buttons = Array.prototype.slice.call(document.querySelectorAll(".switch button"));
  var MOST = 40;

  // ---- language ----
  function kept() {
    try { return localStorage.getItem("handbook-lang"); } catch (e) { return null; }
  }
  function show(lang) {
    root.setAttribute("data-show", lang);
    root.lang = lang === "en" ? "en" : "zh-CN";
    buttons.forEach(function (one) { one.setAttribute("aria-pressed", String(one.dataset.lang === lang)); });
  }
  if (buttons.length) {
    var asked = /[?&]lang=(zh|en|both)\b/.exec(location.search);
    var first = (asked && asked[1]) || kept() || (/^zh/i.test(navigator.language) ? "zh" : "en");
    buttons[0].parentNode.hidden = false;
    show(["zh", "en", "both"].indexOf(first) < 0 ? "both" : first);
    buttons.forEach(function (one) {
      one.addEventListener("click", function () {
        show(one.dataset.lang);
        try { localStorage.setItem("handbook-lang", one.dataset.lang); } catch (e) { /* a file may keep nothing */ }
      });
    });
  }

  // ---- search ----
  var asking = null;
  function index(then) {
    if (window.HANDBOOK) { then(); return; }
    if (asking) { asking.push(then); return; }
    asking = [then];
    var script = document.createElement("script");
    script.src = "index.js";
    script.onload = function () { asking.forEach(function (one) { one(); }); asking = null; };
    document.head.appendChild(script);
  }
  function fold(text) { return text.normalize("NFKC").toLowerCase(); }
  function score(entry, words) {
    var names = fold(entry.slice(1, 2 + 2 * window.HANDBOOK.langs).join(" "));
    var said = null, total = 0;
    for (var n = 0; n < words.length; n++) {
      var at = names.indexOf(words[n]);
      if (at >= 0) { total += at === 0 ? 6 : 4; continue; }
      if (said === null) { said = fold(entry.slice(2 + 2 * window.HANDBOOK.langs).join(" ") + " " + entry[0]); }
      if (said.indexOf(words[n]) < 0) { return 0; }
      total += 1;
    }
    return total + (entry[0].indexOf("#") < 0 ? 1 : 0);
  }
  function find() {
    var words = fold(field.value).split(/\s+/).filter(Boolean);
    list.textContent = "";
    if (!words.length) { list.hidden = true; count.textContent = ""; return; }
    var found = [];
    window.HANDBOOK.entries.forEach(function (entry, place) {
      var worth = score(entry, words);
      if (worth) { found.push([worth, place, entry]); }
    });
    found.sort(function (a, b) { return b[0] - a[0] || a[1] - b[1]; });
    found.slice(0, MOST).forEach(function (one) { list.appendChild(item(one[2], words)); });
    list.hidden = false;
    count.textContent = String(found.length);
    if (!found.length) { var none = document.createElement("li"); none.textContent = "—"; list.appendChild(none); }
  }
  function item(entry, words) {
    var langs = window.HANDBOOK.langs, en = langs > 1 && root.getAttribute("data-show") === "en" ? 1 : 0;
    var line = document.createElement("li"), link = document.createElement("a");
    var name = document.createElement("b"), more = document.createElement("small");
    var title = entry[2 + langs + en], said = entry[2 + 2 * langs + en], at = fold(said).indexOf(words[0]);
    link.href = entry[0];
    name.textContent = entry[2 + en];
    link.appendChild(name);
    if (title !== entry[2 + en]) { link.appendChild(document.createTextNode(" · " + title)); }
    more.textContent = (at > 30 ? "…" : "") + said.slice(Math.max(0, at > 30 ? at - 20 : 0)).slice(0, 140);
    link.appendChild(more);
    line.appendChild(link);
    return line;
  }
  function links() { return Array.prototype.slice.call(list.querySelectorAll("a")); }
  function close() { list.hidden = true; }

  field.form.hidden = false;
  field.addEventListener("focus", function () { index(function () { if (field.value) { find(); } }); });
  field.addEventListener("input", function () { index(find); });
  field.form.addEventListener("submit", function (event) {
    event.preventDefault();
    if (!list.hidden && links().length) { links()[0].click(); close(); }
  });
  document.addEventListener("keydown", function (event) {
    var typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
    if (event.key === "/" && !typing) { event.preventDefault(); field.focus(); return; }
    if (event.key === "Escape" && !list.hidden) { close(); field.focus(); return; }
    if (list.hidden || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) { return; }
    var all = links(), at = all.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    if (document.activeElement !== field && all.indexOf(document.activeElement) < 0) { return; }
    event.preventDefault();
    if (at < 0) { field.focus(); } else if (all[at]) { all[at].focus(); }
  });
  list.addEventListener("click", close);
  document.addEventListener("click", function (event) {
    if (!list.contains(event.target) && event.target !== field) { close(); }
  });
  if (location.search.indexOf("find=") > 0) {
    field.value = new URLSearchParams(location.search).get("find");
    index(find);
  }
})();
