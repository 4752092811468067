"use strict";
// The timeline. Everything that is drawn costs work for each column of pixels, not for each frame: shares come from
// running sums, extremes from a pyramid of eighths, so that a film of any length stays quick.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const count = data.count;
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const view = (text) => new DataView(bytes(text).buffer);
  const flags = bytes(data.columns.flags), confidence = bytes(data.columns.confidence), peak = bytes(data.columns.peak);
  const reach = bytes(data.columns.reach);
  const beforeView = view(data.columns.before), stepView = view(data.columns.timestep);
  const before = (n) => beforeView.getInt32(4 * n, true), timestep = (n) => stepView.getUint16(2 * n, true) / 65535;

  const KINDS = ["motion", "simpler", "nearest", "hold", "fade", "cut"];
  const INTERVALS = ["motion", "hold", "cut", "fade or flash"];
  const MOTION = 0, HOLD = 1, CUT = 2, BY_INTERVAL = [0, 3, 5, 4];
  const interval = (n) => flags[n] >> 2 & 3, origin = (n) => flags[n] & 3, ladder = (n) => flags[n] >> 4 & 3;
  const isMade = (n) => flags[n] >> 6 & 1, isDrawn = (n) => flags[n] >> 7;
  const kind = (n) => interval(n) === MOTION ? Math.min(ladder(n), 2) : BY_INTERVAL[interval(n)];

  // Running sums of each kind: how many frames below n are of it.
  const sums = KINDS.map(() => new Uint32Array(count + 1));
  const cuts = [];
  for (let n = 0; n < count; n++) {
    const own = kind(n);
    for (let k = 0; k < KINDS.length; k++) sums[k][n + 1] = sums[k][n] + (k === own ? 1 : 0);
    if (interval(n) === CUT && (n + 1 === count || before(n + 1) !== before(n))) cuts.push(n + 1);
  }
  const pyramid = (values, pick) => {
    const levels = [values];
    while (levels.at(-1).length > 64) {
      const from = levels.at(-1), to = new Uint8Array(Math.ceil(from.length / 8));
      for (let n = 0; n < to.length; n++) {
        to[n] = from[8 * n];
        for (let m = 8 * n + 1; m < Math.min(8 * n + 8, from.length); m++) to[n] = pick(to[n], from[m]);
      }
      levels.push(to);
    }
    return (from, to) => {
      let level = 0, size = 1;
      while (level + 1 < levels.length && size * 8 <= to - from) { level++; size *= 8; }
      const row = levels[level];
      let found = row[Math.min(Math.floor(from / size), row.length - 1)];
      for (let n = Math.floor(from / size); n < Math.min(Math.ceil(to / size), row.length); n++) found = pick(found, row[n]);
      return found;
    };
  };
  const trust = Uint8Array.from(confidence, (value, n) => isMade(n) ? value : 255);
  const highestPeak = pyramid(peak, Math.max), lowestTrust = pyramid(trust, Math.min);

  const seconds = (n) => n * data.fps[1] / data.fps[0];
  const clock = (time) => {
    const ms = Math.round(time * 1000), pad = (value, width) => String(value).padStart(width, "0");
    return `${pad(Math.floor(ms / 3600000), 2)}:${pad(Math.floor(ms / 60000) % 60, 2)}:` +
      `${pad(Math.floor(ms / 1000) % 60, 2)}.${pad(ms % 1000, 3)}`;
  };

  const strip = document.getElementById("strip"), overview = document.getElementById("overview");
  const here = document.getElementById("here");
  let from = 0, span = count, chosen = 0, colours = {}, isDue = false;
  const LEAST = Math.min(24, count);

  const readColours = () => {
    const style = getComputedStyle(document.documentElement);
    for (const name of [...KINDS, "ink", "quiet", "line", "panel", "focus"]) {
      colours[name] = style.getPropertyValue(`--${name}`).trim();
    }
  };
  const prepare = (canvas) => {
    // The bitmap has the screen's own pixels, the pen counts in those of CSS.
    const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth, height = Number(canvas.dataset.height);
    canvas.style.height = `${height}px`;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    return [pen, width, height];
  };

  const drawKinds = (pen, first, length, width, top, height) => {
    const perColumn = length / width;
    for (let x = 0; x < width; x++) {
      const a = Math.floor(first + x * perColumn), b = Math.min(Math.max(Math.ceil(first + (x + 1) * perColumn), a + 1), count);
      if (a >= count) break;
      let y = top + height;
      for (let k = 0; k < KINDS.length - 1; k++) {
        const share = (sums[k][b] - sums[k][a]) / (b - a);
        if (!share) continue;
        pen.fillStyle = colours[KINDS[k]];
        pen.fillRect(x, y - share * height, 1, share * height);
        y -= share * height;
      }
      if (sums[5][b] > sums[5][a]) {
        // Far away a cut is a tick above the strip, which it would else paint over.
        pen.fillStyle = colours.cut;
        pen.fillRect(x, top - 5, 1, perColumn > 4 ? 10 : height + 5);
      }
    }
  };

  const TICKS_S = [0.1, 0.25, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 3600];
  const drawRuler = (pen, width, height) => {
    const wide = seconds(span), step = TICKS_S.find((tick) => wide / tick * 95 <= width) ?? 7200;
    pen.font = "12px system-ui, sans-serif";
    pen.textBaseline = "top";
    for (let t = Math.ceil(seconds(from) / step) * step; t <= seconds(from + span); t += step) {
      const x = (t - seconds(from)) / wide * width;
      pen.fillStyle = colours.line;
      pen.fillRect(x, 0, 1, height);
      pen.fillStyle = colours.quiet;
      pen.fillText(clock(t), x + 3, 2);
    }
  };
  const drawCurve = (pen, width, top, height, value, colour, name) => {
    pen.fillStyle = colours.line;
    pen.fillRect(0, top + height, width, 1);
    pen.fillStyle = colour;
    const perColumn = span / width;
    for (let x = 0; x < width; x++) {
      const a = Math.floor(from + x * perColumn), b = Math.max(Math.ceil(from + (x + 1) * perColumn), a + 1);
      if (a >= count) break;
      const share = value(a, Math.min(b, count));
      pen.fillRect(x, top + height * (1 - share), 1, height * share);
    }
    pen.fillStyle = colours.panel;
    pen.fillRect(2, top, pen.measureText(name).width + 6, 15);
    pen.fillStyle = colours.quiet;
    pen.fillText(name, 5, top + 2);
  };
  const drawFrames = (pen, width, top) => {
    // Near enough to see single frames: a full square is the film's own, a frame generated, a dash repeated.
    const each = width / span;
    if (each < 5) return;
    const side = Math.min(each - 2, 9);
    for (let n = Math.max(Math.floor(from), 0); n < Math.min(Math.ceil(from + span), count); n++) {
      const x = (n + 0.5 - from) * each - side / 2;
      pen.fillStyle = pen.strokeStyle = colours.ink;
      if (origin(n) === 0) pen.fillRect(x, top, side, side);
      else if (origin(n) === 1) pen.strokeRect(x + 0.5, top + 0.5, side - 1, side - 1);
      else pen.fillRect(x, top + side / 2 - 1, side, 2);
    }
  };

  const draw = () => {
    isDue = false;
    let [pen, width, height] = prepare(overview);
    drawKinds(pen, 0, count, width, 6, height - 10);
    pen.strokeStyle = colours.ink;
    pen.lineWidth = 2;
    pen.strokeRect(from / count * width + 1, 1, Math.max(span / count * width - 2, 3), height - 2);
    [pen, width, height] = prepare(strip);
    drawRuler(pen, width, height);
    drawKinds(pen, from, span, width, 24, 58);
    drawFrames(pen, width, 86);
    drawCurve(pen, width, 100, 38, (a, b) => Math.sqrt(highestPeak(a, b) / 255), colours.motion, "change");
    if (data.asked) drawCurve(pen, width, 146, 38, (a, b) => 1 - lowestTrust(a, b) / 255, colours.cut, "doubt");
    const each = width / span, x = (chosen - from) * each;
    pen.strokeStyle = colours.focus;
    pen.lineWidth = 2;
    pen.strokeRect(x - 1, 19, Math.max(each, 2) + 1, height - 22);
  };
  const redraw = () => { if (!isDue) { isDue = true; requestAnimationFrame(draw); } };

  const describe = (n) => {
    const film = before(n), after = film + reach[n], t = timestep(n);
    const parts = [`frame ${n}`, clock(seconds(n))];
    if (origin(n) === 0) parts.push(`the film's frame ${film}`);
    else {
      const how = origin(n) === 2 ? "repeats" : isMade(n) ? "made between" : "blended between";
      parts.push(origin(n) === 2 ? `repeats the film's frame ${film}` : `${how} the film's frames ${film} and ${after} at ${t.toFixed(3)}`);
    }
    parts.push(`then ${INTERVALS[interval(n)]}`);
    if (ladder(n)) parts.push(["", "simpler motion", "nearest drawing"][ladder(n)]);
    if (data.asked && isMade(n)) parts.push(`confidence ${(confidence[n] / 255).toFixed(2)}`);
    const asked = [isMade(n) && data.network, isDrawn(n) && data.enlarger].filter(Boolean);
    if (asked.length) parts.push(`${data.asked ? "asked" : "would ask"} ${asked.join(" and ")}`);
    return parts.join(" · ");
  };
  const clamp = () => {
    span = Math.min(Math.max(span, LEAST), count);
    from = Math.min(Math.max(from, 0), count - span);
  };
  const choose = (n, isCentred) => {
    chosen = Math.min(Math.max(Math.round(n), 0), count - 1);
    if (isCentred || chosen < from || chosen >= from + span) from = chosen - span / 2;
    clamp();
    here.textContent = describe(chosen);
    redraw();
  };
  const zoom = (factor, centre) => {
    const place = (centre - from) / span;
    span *= factor;
    span = Math.min(Math.max(span, LEAST), count);
    from = centre - place * span;
    clamp();
    redraw();
  };
  const cut = (step) => {
    const found = step > 0 ? cuts.find((n) => n > chosen) : cuts.findLast((n) => n < chosen);
    if (found !== undefined) choose(found, true);
  };
  const actions = {
    in: () => zoom(0.5, chosen >= from && chosen < from + span ? chosen : from + span / 2),
    out: () => zoom(2, chosen >= from && chosen < from + span ? chosen : from + span / 2),
    all: () => { from = 0; span = count; redraw(); },
    cutNext: () => cut(1),
    cutBack: () => cut(-1),
  };
  const second = Math.round(data.fps[0] / data.fps[1]);
  const keys = {
    ArrowRight: (event) => choose(chosen + (event.shiftKey ? second : 1)),
    ArrowLeft: (event) => choose(chosen - (event.shiftKey ? second : 1)),
    Home: () => choose(0), End: () => choose(count - 1),
    "+": actions.in, "=": actions.in, "-": actions.out, "0": actions.all, n: actions.cutNext, p: actions.cutBack,
  };

  const frameAt = (event, canvas, first, length) => first + event.offsetX / canvas.clientWidth * length;
  strip.addEventListener("keydown", (event) => {
    const action = keys[event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action(event);
  });
  strip.addEventListener("wheel", (event) => {
    event.preventDefault();
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      from += event.deltaX / strip.clientWidth * span;
      clamp();
      redraw();
    } else zoom(1.2 ** Math.sign(event.deltaY), frameAt(event, strip, from, span));
  }, { passive: false });
  let drag = null;
  strip.addEventListener("pointerdown", (event) => {
    strip.setPointerCapture(event.pointerId);
    drag = { x: event.offsetX, from, moved: false };
  });
  strip.addEventListener("pointermove", (event) => {
    if (!drag) return;
    if (Math.abs(event.offsetX - drag.x) > 3) drag.moved = true;
    if (!drag.moved) return;
    from = drag.from - (event.offsetX - drag.x) / strip.clientWidth * span;
    clamp();
    redraw();
  });
  strip.addEventListener("pointerup", (event) => {
    if (drag && !drag.moved) choose(Math.floor(frameAt(event, strip, from, span)));
    drag = null;
  });
  overview.addEventListener("pointerdown", (event) => {
    if (span === count) span = Math.max(Math.round(count / 8), LEAST);
    choose(frameAt(event, overview, 0, count), true);
  });
  for (const button of document.querySelectorAll("[data-do]")) {
    button.addEventListener("click", () => actions[button.dataset.do]());
  }
  document.getElementById("goto").addEventListener("change", (event) => {
    const text = event.target.value.trim(), frame = /^f(\d+)$/.exec(text);
    const time = /^(\d+:){0,2}\d+(\.\d+)?$/.test(text) ? text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0) : null;
    if (!frame && time === null) { here.textContent = "write a time such as 00:10:03.250, or f and a frame"; return; }
    choose(frame ? Number(frame[1]) : Math.floor(time * data.fps[0] / data.fps[1] + 1e-6), true);
  });
  for (const link of document.querySelectorAll("a.at")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      span = Math.min(span, Math.max(second * 4, LEAST));
      choose(Number(link.dataset.frame), true);
      strip.focus({ preventScroll: true });
      strip.scrollIntoView({ block: "center" });
    });
  }
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  document.getElementById("theme").addEventListener("click", () => {
    const root = document.documentElement, isDark = (root.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
    root.dataset.theme = isDark ? "light" : "dark";
    readColours();
    redraw();
  });
  dark.addEventListener("change", () => { readColours(); redraw(); });
  new ResizeObserver(redraw).observe(strip);
  if (!data.asked) strip.dataset.height = 146;  // no confidences, no curve of doubt
  readColours();
  if (count) choose(0);
})();
