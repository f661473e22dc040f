/** The modules of Python's standard library, 3.8 to 3.14, on every platform, as `sys.stdlib_module_names` lists them. */

/** A minor version of Python 3: 11 stands for 3.11. */
export type PythonMinor = number;

export const oldestMinor: PythonMinor = 8;
export const newestMinor: PythonMinor = 14;

const always = `
  __future__ __main__ _abc _aix_support _ast _asyncio _bisect _blake2 _bz2 _codecs _codecs_cn _codecs_hk
  _codecs_iso2022 _codecs_jp _codecs_kr _codecs_tw _collections _collections_abc _compat_pickle _contextvars
  _csv _ctypes _ctypes_test _curses _curses_panel _datetime _dbm _decimal _elementtree _frozen_importlib
  _frozen_importlib_external _functools _gdbm _hashlib _heapq _imp _io _json _locale _lsprof _lzma _markupbase
  _md5 _multibytecodec _multiprocessing _opcode _operator _osx_support _overlapped _pickle _posixshmem
  _posixsubprocess _py_abc _pydecimal _pyio _queue _random _scproxy _sha1 _sha3 _signal _sitebuiltins _socket
  _sqlite3 _sre _ssl _stat _statistics _string _strptime _struct _symtable _testcapi _testinternalcapi _thread
  _threading_local _tkinter _tracemalloc _uuid _warnings _weakref _weakrefset _winapi abc antigravity argparse
  array ast asyncio atexit base64 bdb binascii bisect builtins bz2 cProfile calendar cmath cmd code codecs
  codeop collections colorsys compileall concurrent configparser contextlib contextvars copy copyreg csv ctypes
  curses dataclasses datetime dbm decimal difflib dis doctest email encodings ensurepip enum errno faulthandler
  fcntl filecmp fileinput fnmatch fractions ftplib functools gc genericpath getopt getpass gettext glob grp gzip
  hashlib heapq hmac html http idlelib imaplib importlib inspect io ipaddress itertools json keyword linecache
  locale logging lzma mailbox marshal math mimetypes mmap modulefinder msvcrt multiprocessing netrc nt ntpath
  nturl2path numbers opcode operator optparse os pathlib pdb pickle pickletools pkgutil platform plistlib poplib
  posix posixpath pprint profile pstats pty pwd py_compile pyclbr pydoc pydoc_data pyexpat queue quopri random
  re readline reprlib resource rlcompleter runpy sched secrets select selectors shelve shlex shutil signal site
  smtplib socket socketserver sqlite3 sre_compile sre_constants sre_parse ssl stat statistics string stringprep
  struct subprocess symtable sys sysconfig syslog tabnanny tarfile tempfile termios test textwrap this threading
  time timeit tkinter token tokenize trace traceback tracemalloc tty turtle turtledemo types typing unicodedata
  unittest urllib uuid venv warnings wave weakref webbrowser winreg winsound wsgiref xml xmlrpc xxlimited
  xxsubtype zipapp zipfile zipimport zlib
`;

/** Minor version that brought a module, and the modules: later than `oldestMinor` only. */
const addedIn: Readonly<Record<number, string>> = {
  9: '_zoneinfo graphlib zoneinfo',
  11: '_tokenize _typing tomllib wsgiref.types',
  12: '_pydatetime _pylong _sha2',
  13: '_android_support _colorize _interpchannels _interpqueues _interpreters _ios_support _opcode_metadata _pyrepl _suggestions _sysconfig _wmi',
  14: '_apple_support _ast_unparse _hmac _py_warnings _remote_debugging _types _zstd annotationlib compression concurrent.interpreters string.templatelib',
};

/** Minor version that no longer has a module, and the modules; 0 for those of Python 2. Dotted names: parts of a module that stayed. */
const removedIn: Readonly<Record<number, string>> = {
  0: `BaseHTTPServer CGIHTTPServer ConfigParser Cookie HTMLParser Queue SimpleHTTPServer SocketServer StringIO Tkinter
    UserDict UserList UserString __builtin__ anydbm cPickle cStringIO commands compiler cookielib copy_reg dircache
    dummy_thread exceptions htmlentitydefs httplib md5 robotparser sets sha thread tkFileDialog tkMessageBox urllib2
    urlparse xmlrpclib`,
  8: 'macpath',
  9: '_dummy_thread dummy_threading xml.etree.cElementTree',
  10: '_bootlocale formatter parser symbol',
  11: 'binhex',
  12: '_bootsubprocess _sha256 _sha512 asynchat asyncore distutils imp smtpd',
  13: '_crypt _msi aifc audioop cgi cgitb chunk crypt imghdr lib2to3 mailcap msilib nis nntplib ossaudiodev pipes sndhdr spwd sunau telnetlib tkinter.tix typing.io typing.re uu xdrlib',
  14: '_compression',
};

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

const alwaysThere: ReadonlySet<string> = new Set(words(always));
const added: ReadonlyMap<string, PythonMinor> = byName(addedIn);
const removed: ReadonlyMap<string, PythonMinor> = byName(removedIn);

function byName(table: Readonly<Record<number, string>>): ReadonlyMap<string, PythonMinor> {
  return new Map(Object.entries(table).flatMap(([minor, names]) => words(names).map((name) => [name, Number(minor)])));
}

/** `"3.11"` or `"3.11.7"` → 11; anything else, also Python 2, → undefined. */
export function pythonMinor(version: string | undefined): PythonMinor | undefined {
  const match = /^\s*3\.(\d{1,3})(?:\.\S*)?\s*$/.exec(version ?? '');
  return match === null ? undefined : Number(match[1]);
}

/** Whether the first part of `module` belongs to the standard library of some Python 3, whichever. */
export function isStandardModule(module: string): boolean {
  const top = module.split('.', 1)[0] ?? '';
  return alwaysThere.has(top) || added.has(top) || (removed.get(top) ?? 0) > 0;
}

/** The first Python 3 minor version that lacks the standard module that `module` is or lies in; undefined if all have it. */
export function removedSince(module: string): PythonMinor | undefined {
  return lookUp(removed, module);
}

/** The first Python 3 minor version that has the module, where that is later than 3.8. */
export function addedSince(module: string): PythonMinor | undefined {
  return lookUp(added, module);
}

/** `xml.etree.cElementTree.Element` is looked up as itself, then without its last part, and so on. */
function lookUp(table: ReadonlyMap<string, PythonMinor>, module: string): PythonMinor | undefined {
  const parts = module.split('.');
  for (let length = parts.length; length > 0; length--) {
    const found = table.get(parts.slice(0, length).join('.'));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What every image that installs requirements with pip has besides: never worth a hint. */
export const installerModules: ReadonlySet<string> = new Set([
  'pip',
  'setuptools',
  'pkg_resources',
  'wheel',
  '_distutils_hack',
]);
