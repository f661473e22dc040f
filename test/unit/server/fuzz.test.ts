import { test } from 'vitest';
import { fuzzEdits } from '../../fuzz/serverFuzz';
import { parser } from './support/checkSource';
import { validPackages } from './support/packages';

test('a thousand random edits give what a fresh reading gives', () => {
  const texts = validPackages.map(({ files }) => files['train.py'] ?? '');
  fuzzEdits({ parser, seed: 20_250_102, edits: 1_000, texts });
}, 60_000);
