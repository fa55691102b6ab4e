// @ts-check
/**
 * Draws the charts of the page. It runs in the browser, with uPlot before it in the same script and nothing else; plain
 * JavaScript, since it goes into the page as it is.
 *
 * @typedef {import('uplot')} Plot
 * @typedef {import('../chart.ts').Chart} Chart
 * @typedef {import('../chart.ts').Line} Line
 */
(() => {
  /** Room for the names of lines at their ends, and for those of faults above. */
  const [RIGHT_PX, TOP_PX, LINE_PX] = [58, 46, 13];
  const FONT = '11px ui-sans-serif, system-ui, sans-serif';
  /** What a page of A4 or Letter has between its margins. */
  const PRINT_PX = 640;
  const NARROWEST_PX = 160;

  /** The colours of the moment: light, dark or print. */
  const css = (/** @type {string} */ name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const tone = (/** @type {Line} */ line) => css(`--tone${line.tone}`);

  /** @param {number} value */
  function compact(value) {
    if (value >= 1e6) return `${Number((value / 1e6).toFixed(1))}M`;
    if (value >= 1e4) return `${Number((value / 1e3).toFixed(1))}k`;
    return String(Number(value.toPrecision(3)));
  }

  /**
   * The shading lies behind the lines.
   *
   * @param {Plot} plot
   * @param {Chart} chart
   */
  function drawBands({ ctx, bbox, valToPos }, chart) {
    const scale = devicePixelRatio;
    const right = bbox.left + bbox.width;
    const widthOf = (/** @type {string} */ text) => ctx.measureText(text).width;
    ctx.save();
    ctx.font = FONT.replace('11px', `${11 * scale}px`);
    ctx.textAlign = 'left';
    ctx.textBaseline = 'alphabetic';
    const freeFrom = [0, 0, 0];
    for (const { from, until, label, n } of chart.bands) {
      if (from > chart.xMax || until < 0) continue;
      const x = valToPos(Math.max(0, from), 'x', true);
      const end = valToPos(Math.min(chart.xMax, until), 'x', true);
      ctx.fillStyle = css('--band');
      ctx.fillRect(x, bbox.top, Math.max(scale, end - x), bbox.height);
      ctx.fillStyle = css('--edge');
      ctx.fillRect(x, bbox.top - 3 * scale, scale, bbox.height + 3 * scale);
      // The whole name where there is room for it, else its number in the table of faults.
      const [place] = [`${n} ${label}`, `${n}`].flatMap((text) =>
        freeFrom.flatMap((free, row) =>
          free <= x && x + widthOf(text) < right + RIGHT_PX * scale ? [{ text, row }] : [],
        ),
      );
      if (place === undefined) continue;
      freeFrom[place.row] = x + widthOf(place.text) + 6 * scale;
      ctx.fillStyle = css('--quiet');
      ctx.fillText(place.text, x, bbox.top - (6 + place.row * LINE_PX) * scale);
    }
    ctx.restore();
  }

  /**
   * Each line's name at its end, moved apart where ends meet.
   *
   * @param {Plot} plot
   * @param {Chart} chart
   */
  function drawNames({ ctx, bbox, valToPos }, chart) {
    if (chart.lines.length < 2) return;
    const scale = devicePixelRatio;
    const ends = chart.lines
      .flatMap((line) => {
        const last = line.values.findLast((value) => value !== null) ?? null;
        return last === null ? [] : [{ line, y: valToPos(Math.max(last, chart.y.min), 'y', true) }];
      })
      .sort((a, b) => b.y - a.y);
    ctx.save();
    ctx.font = FONT.replace('11px', `600 ${11 * scale}px`);
    ctx.textAlign = 'left';
    ctx.textBaseline = 'middle';
    let free = bbox.top + bbox.height;
    for (const { line, y } of ends) {
      const at = Math.min(free, y);
      ctx.fillStyle = tone(line);
      ctx.fillText(line.label, bbox.left + bbox.width + 6 * scale, at);
      free = at - LINE_PX * scale;
    }
    ctx.restore();
  }

  /**
   * The figures under the pointer.
   *
   * @param {Plot} plot
   * @param {Chart} chart
   */
  function readOut(plot, { x, lines }) {
    const n = plot.cursor.idx ?? -1;
    const at = x[n];
    if (at === undefined) return '';
    return `${at.toFixed(1)} s: ${lines.map(({ label, values }) => `${label} ${values[n] ?? '–'}`).join(', ')}`;
  }

  /**
   * The powers of ten alone: a line for each step between them would be a hatching.
   *
   * @param {Chart['y']} axis
   */
  function decades({ min, max }) {
    const powers = [];
    for (let value = min; value <= max * 1.001; value *= 10) powers.push(value);
    return powers;
  }

  /**
   * @param {Chart} chart
   * @param {number} width
   * @param {(text: string) => void} say
   * @returns {import('uplot').Options}
   */
  function options(chart, width, say) {
    const axis = {
      stroke: () => css('--quiet'),
      font: FONT,
      ticks: { show: false },
      grid: { stroke: () => css('--grid'), width: 1 },
    };
    return {
      width,
      height: chart.heightPx,
      padding: [chart.bands.length > 0 ? TOP_PX : 8, RIGHT_PX, 0, 0],
      legend: { show: false },
      cursor: { points: { size: 6 }, sync: { key: chart.group }, drag: { x: true, y: false } },
      scales: {
        x: { time: false, range: () => [0, chart.xMax] },
        y: { range: () => [chart.y.min, chart.y.max], distr: chart.y.log ? 3 : 1 },
      },
      axes: [
        { ...axis, size: 26, values: (_, at) => at.map((value) => `${compact(value)} s`) },
        {
          ...axis,
          size: 46,
          ...(chart.y.log ? { splits: () => decades(chart.y), filter: (_, at) => at } : {}),
          values: (_, at) => at.map((value) => (value === null ? null : compact(value))),
        },
      ],
      series: [
        {},
        ...chart.lines.map((line) => ({
          label: line.label,
          stroke: () => tone(line),
          width: 1.6,
          dash: [...line.dash],
          points: { show: chart.x.length < 3 },
        })),
      ],
      hooks: {
        drawClear: [(plot) => drawBands(plot, chart)],
        draw: [(plot) => drawNames(plot, chart)],
        setCursor: [(plot) => say(readOut(plot, chart))],
      },
    };
  }

  const charts = /** @type {Chart[]} */ (JSON.parse(document.getElementById('charts')?.textContent ?? '[]'));
  const figures = document.querySelectorAll('figure.chart');
  const widthOf = (/** @type {HTMLElement} */ place) => Math.max(NARROWEST_PX, place.clientWidth);
  const drawn = charts.flatMap((chart, n) => {
    const place = /** @type {HTMLElement | null} */ (figures[n]?.querySelector('.plot') ?? null);
    const output = figures[n]?.querySelector('output');
    if (place === null || !output) return [];
    const say = (/** @type {string} */ text) => {
      output.textContent = text;
    };
    const data = /** @type {import('uplot').AlignedData} */ ([chart.x, ...chart.lines.map(({ values }) => values)]);
    return [{ place, chart, plot: new uPlot(options(chart, widthOf(place), say), data, place) }];
  });

  /** Each chart as wide as its place; on paper that is not the place of the screen. */
  function fill() {
    if (document.documentElement.classList.contains('printing')) return;
    for (const { place, plot, chart } of drawn) plot.setSize({ width: widthOf(place), height: chart.heightPx });
  }

  function redraw() {
    for (const { plot } of drawn) plot.redraw();
  }

  /**
   * A canvas is printed as it was drawn last, so it is drawn for paper before.
   *
   * @param {boolean} on
   */
  function printing(on) {
    document.documentElement.classList.toggle('printing', on);
    if (!on) fill();
    else
      for (const { place, plot, chart } of drawn) {
        const width = place.closest('.pairs') === null ? PRINT_PX : PRINT_PX / 2 - 12;
        plot.setSize({ width, height: chart.heightPx });
      }
  }

  const resized = new ResizeObserver(fill);
  for (const { place } of drawn) resized.observe(place);
  for (const media of ['(prefers-color-scheme: dark)', 'print']) matchMedia(media).addEventListener('change', redraw);
  addEventListener('beforeprint', () => printing(true));
  addEventListener('afterprint', () => printing(false));
  // For whoever waits until all is drawn.
  document.documentElement.dataset['drawn'] = String(drawn.length);
  document.documentElement.dataset['drawnMs'] = String(Math.round(performance.now()));
})();
