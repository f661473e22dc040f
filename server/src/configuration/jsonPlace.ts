/** Where a value of the configuration file stands, and the small questions that every rule asks of it. */
import { findNodeAtLocation, type JSONPath, type Node } from 'jsonc-parser';
import type { Severity } from '../../../runner/src/domain/finding';
import { configurationPath } from '../../../runner/src/domain/pipeline';
import type { RawFinding } from '../rawFinding';
import { SourceText } from '../sourceText';

export interface Property {
  readonly key: Node;
  readonly name: string;
  readonly value: Node | undefined;
}

export function propertiesOf(node: Node | undefined): Property[] {
  if (node?.type !== 'object') return [];
  return (node.children ?? []).flatMap(({ children }) => {
    const [key, value] = children ?? [];
    return key === undefined ? [] : [{ key, name: String(key.value), value }];
  });
}

export function itemsOf(node: Node | undefined): readonly Node[] {
  return node?.type === 'array' ? (node.children ?? []) : [];
}

export function textOf(node: Node | undefined): string | undefined {
  return node?.type === 'string' ? String(node.value) : undefined;
}

export function childOf(node: Node, ...path: JSONPath): Node | undefined {
  return findNodeAtLocation(node, path);
}

/** Collects findings of one configuration file. */
export class ConfigurationReport {
  readonly findings: RawFinding[] = [];
  private readonly source: SourceText;
  constructor(text: string) {
    this.source = new SourceText(text);
  }

  at(node: Node, code: string, message: string, severity: Severity = 'error'): void {
    this.span(node.offset, node.length, code, message, severity);
  }

  span(offset: number, length: number, code: string, message: string, severity: Severity = 'error'): void {
    const range = this.source.range(offset, offset + length);
    this.findings.push({ code, severity, message, range, file: configurationPath });
  }
}
