import { expect, test } from 'vitest';
import { isImageName } from '../../../runner/src/domain/imageName';

const digest = 'a'.repeat(64);

test.each([
  'python',
  'python:3.12-slim',
  'library/python:3.12',
  'ghcr.io/some',
  'registry.example.com:5000/team/sub/my_image__x-y.z:V1.2_a',
  'Registry.Example.com/team/image',
  'localhost/image',
  'localhost:5000/image',
  'myhost:5000/image',
  '[::1]:5000/image',
  `python@sha256:${digest}`,
  `python:3.12@sha256:${digest}`,
  `sha256:${digest}`,
  'abcdef012345',
])('%s can be the name of an image', (name) => expect(isImageName(name)).toBe(true));

test.each([
  '',
  'a b',
  'Python',
  'python:',
  'python:-x',
  '/python',
  'python/',
  'team//image',
  '-python',
  'python:3.12 --privileged',
  'python\n',
  '../image',
  'image?x=1',
  'python@sha256:12',
])('"%s" cannot', (name) => expect(isImageName(name)).toBe(false));
