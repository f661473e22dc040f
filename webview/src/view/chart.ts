/** A small line chart, as SVG, with one sentence for those who do not see it. */
import { h } from './dom';

export interface Series {
  readonly name: string;
  readonly points: { readonly x: number; readonly y: number }[];
}

const width = 320;
const height = 140;
const margin = { left: 44, right: 8, top: 8, bottom: 22 } as const;
const space = 'http://www.w3.org/2000/svg';

export function chart(series: Series): HTMLElement {
  const points = series.points.filter((point) => Number.isFinite(point.y));
  const last = points.at(-1);
  const sentence =
    last === undefined
      ? `${series.name}: no values`
      : `${series.name}: ${points.length} values, last ${short(last.y)} at step ${last.x}`;
  const svg = element('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': sentence });
  if (points.length > 0) draw(svg, points);
  return h(
    'figure',
    { class: 'chart' },
    h('figcaption', {}, h('b', {}, series.name), ` ${last === undefined ? '' : `${short(last.y)} at step ${last.x}`}`),
    svg as unknown as Node,
  );
}

function draw(svg: SVGElement, points: Series['points']): void {
  const xs = points.map((point) => point.x);
  const ys = points.map((point) => point.y);
  const x = scale(Math.min(...xs), Math.max(...xs), margin.left, width - margin.right);
  const y = scale(Math.min(...ys), Math.max(...ys), height - margin.bottom, margin.top);
  for (const value of [Math.min(...ys), Math.max(...ys)]) {
    svg.append(
      element('line', { x1: margin.left, x2: width - margin.right, y1: y(value), y2: y(value), class: 'grid' }),
    );
    const text = element('text', { x: margin.left - 6, y: y(value) + 4, 'text-anchor': 'end' });
    text.textContent = short(value);
    svg.append(text);
  }
  for (const value of new Set([Math.min(...xs), Math.max(...xs)])) {
    const text = element('text', { x: x(value), y: height - 6, 'text-anchor': 'middle' });
    text.textContent = String(value);
    svg.append(text);
  }
  if (points.length === 1)
    svg.append(element('circle', { cx: x(xs[0] ?? 0), cy: y(ys[0] ?? 0), r: 3, class: 'point' }));
  else
    svg.append(
      element('polyline', { points: points.map((point) => `${x(point.x)},${y(point.y)}`).join(' '), class: 'line' }),
    );
}

function scale(from: number, to: number, start: number, end: number): (value: number) => number {
  return from === to ? () => (start + end) / 2 : (value) => start + ((value - from) / (to - from)) * (end - start);
}

function element(tag: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const made = document.createElementNS(space, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}

const short = (value: number): string => (Number.isInteger(value) ? String(value) : value.toPrecision(3));
