/** Calls that read, write or remove files, by the names that they are known by. */
import { positional, type Scope, type Values } from '../python/values';
import type { SyntaxNode } from '../python/syntaxNode';

export type AccessKind = 'read' | 'write' | 'folder' | 'remove';

export interface Access {
  readonly kind: AccessKind;
  /** The expression of the path. */
  readonly node: SyntaxNode;
  /** With marks (values.ts); undefined where it can't be followed. */
  readonly path: string | undefined;
}

interface Rule {
  readonly kind: AccessKind;
  readonly position: number;
  readonly keywords: readonly string[];
}

const rule = (
  kind: AccessKind,
  position = 0,
  keywords = 'path file filename fname f filepath filepath_or_buffer fp',
): Rule => ({
  kind,
  position,
  keywords: keywords.split(' '),
});

const byName = new Map<string, readonly Rule[]>();

function define(names: string, ...rules: Rule[]): void {
  for (const name of names.split(/\s+/)) byName.set(name, rules);
}

define(
  `numpy.load numpy.loadtxt numpy.genfromtxt numpy.fromfile torch.load torch.jit.load joblib.load cv2.imread PIL.Image.open
  tensorflow.keras.models.load_model keras.models.load_model keras.saving.load_model tensorflow.saved_model.load
  onnxruntime.InferenceSession onnx.load safetensors.torch.load_file scipy.io.loadmat soundfile.read librosa.load
  tensorflow.keras.preprocessing.image.load_img fasttext.load_model skops.io.load sklearn.externals.joblib.load
  pandas.read_csv pandas.read_table pandas.read_json pandas.read_excel pandas.read_pickle pandas.read_parquet pandas.read_feather
  pandas.read_hdf pandas.read_fwf matplotlib.image.imread matplotlib.pyplot.imread imageio.imread skimage.io.imread
  pathlib.Path.read_text pathlib.Path.read_bytes linecache.getline`,
  rule('read'),
);
define(
  'numpy.save numpy.savez numpy.savez_compressed numpy.savetxt cv2.imwrite matplotlib.pyplot.savefig scipy.io.savemat soundfile.write',
  rule('write'),
);
define('matplotlib.pyplot.imsave imageio.imwrite skimage.io.imsave', rule('write'));
define(
  'torch.save joblib.dump torch.jit.save safetensors.torch.save_file onnx.save tensorflow.saved_model.save keras.models.save_model',
  rule('write', 1, 'f filename filepath path'),
);
define(
  'tensorflow.keras.models.save_model torchvision.utils.save_image torch.onnx.export',
  rule('write', 1, 'f fp filepath'),
);
define('os.makedirs os.mkdir', rule('folder', 0, 'name path'));
define('os.remove os.unlink os.rmdir os.removedirs shutil.rmtree', rule('remove', 0, 'path name'));
define('shutil.copy shutil.copy2 shutil.copyfile shutil.copytree', rule('read', 0, 'src'), rule('write', 1, 'dst'));
define('os.symlink os.link', rule('write', 1, 'dst'));
define('os.rename os.replace os.renames shutil.move', rule('remove', 0, 'src'), rule('write', 1, 'dst'));
define('shutil.unpack_archive', rule('read', 0, 'filename'), rule('write', 1, 'extract_dir'));
define('shutil.make_archive', rule('write', 0, 'base_name'));

const opens =
  /^(?:(?:io|codecs|gzip|bz2|lzma|os)\.)?(?:open|fdopen)$|^(?:gzip\.GzipFile|bz2\.BZ2File|h5py\.File|zipfile\.ZipFile|tarfile\.open)$/;

/** Methods of an object that nothing is known of: the path is the first argument. */
const writingMethods =
  /^(?:to_(?:csv|pickle|parquet|json|excel|feather|hdf|html|numpy_file)|save|save_weights|save_model|save_pretrained|savefig|save_checkpoint|tofile|export|write_html|write_image)$/;
const readingMethods =
  /^(?:load|load_model|load_weights|load_state|load_checkpoint|from_pretrained|restore|read_model)$/;
const extractingMethods = /^(?:extractall|extract)$/;

/** Methods of a path itself. */
const pathMethods: Readonly<Record<string, AccessKind>> = {
  read_text: 'read',
  read_bytes: 'read',
  write_text: 'write',
  write_bytes: 'write',
  touch: 'write',
  mkdir: 'folder',
  unlink: 'remove',
  rmdir: 'remove',
  rename: 'remove',
};

export function accessesOf(call: SyntaxNode, values: Values, scope: Scope): Access[] {
  const callee = call.child('function');
  const name = values.nameOf(callee, scope.module);
  if (opens.test(name))
    return opening(call, positional(call)[0] ?? keyword(call, ['file', 'filename', 'name']), values, scope, 1);
  const rules = byName.get(name);
  if (rules !== undefined) {
    return rules.flatMap(({ kind, position, keywords }) => {
      const node = positional(call)[position] ?? keyword(call, keywords);
      return node === undefined ? [] : [{ kind, node, path: values.text(node, scope) }];
    });
  }
  return callee?.type === 'attribute' && name === '' ? methodAccess(call, callee, values, scope) : [];
}

function methodAccess(call: SyntaxNode, callee: SyntaxNode, values: Values, scope: Scope): Access[] {
  const method = callee.textOf('attribute');
  const object = callee.child('object');
  const path = values.text(object, scope);
  if (object !== undefined && path !== undefined) {
    const kind = pathMethods[method];
    if (kind !== undefined) return [{ kind, node: object, path }];
    if (method === 'open') return opening(call, object, values, scope, 0);
  }
  const kind = methodKind(method);
  const position = extractingMethods.test(method) && method === 'extract' ? 1 : 0;
  const node =
    positional(call)[position] ?? keyword(call, ['path', 'path_or_buf', 'filepath', 'fname', 'save_directory']);
  return kind === undefined || node === undefined ? [] : [{ kind, node, path: values.text(node, scope) }];
}

function methodKind(method: string): AccessKind | undefined {
  if (writingMethods.test(method) || extractingMethods.test(method)) return 'write';
  return readingMethods.test(method) ? 'read' : undefined;
}

/** `open(path, mode)` and its like; nothing where the mode can't be told. */
function opening(
  call: SyntaxNode,
  node: SyntaxNode | undefined,
  values: Values,
  scope: Scope,
  position: number,
): Access[] {
  if (node === undefined) return [];
  const given = positional(call)[position] ?? keyword(call, ['mode']);
  const mode = given === undefined ? 'r' : values.text(given, scope);
  if (mode === undefined) return [];
  return [{ kind: /[wax+]/.test(mode) ? 'write' : 'read', node, path: values.text(node, scope) }];
}

function keyword(call: SyntaxNode, names: readonly string[]): SyntaxNode | undefined {
  for (const part of call.child('arguments')?.parts ?? []) {
    if (part.type === 'keyword_argument' && names.includes(part.textOf('name'))) return part.child('value');
  }
  return undefined;
}
