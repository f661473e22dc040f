/** Which distributions an imported module comes from, where the names differ. */
import { normalName } from './requiredNames';

const table: Readonly<Record<string, string>> = {
  attr: 'attrs',
  bs4: 'beautifulsoup4',
  cv2: 'opencv-python opencv-python-headless opencv-contrib-python opencv-contrib-python-headless',
  Crypto: 'pycryptodome',
  dateutil: 'python-dateutil',
  docx: 'python-docx',
  dotenv: 'python-dotenv',
  faiss: 'faiss-cpu faiss-gpu',
  fitz: 'pymupdf',
  git: 'gitpython',
  google: 'protobuf google-cloud-storage google-api-core google-auth',
  grpc: 'grpcio',
  igraph: 'python-igraph igraph',
  imblearn: 'imbalanced-learn',
  jwt: 'pyjwt',
  keras: 'keras tensorflow tensorflow-cpu tensorflow-gpu',
  lightning: 'lightning',
  magic: 'python-magic',
  mpl_toolkits: 'matplotlib',
  pylab: 'matplotlib',
  MySQLdb: 'mysqlclient',
  OpenSSL: 'pyopenssl',
  PIL: 'pillow pillow-simd',
  psycopg2: 'psycopg2 psycopg2-binary',
  pydantic_core: 'pydantic',
  pytorch_lightning: 'pytorch-lightning',
  serial: 'pyserial',
  skimage: 'scikit-image',
  sklearn: 'scikit-learn scikit-learn-intelex',
  skopt: 'scikit-optimize',
  snappy: 'python-snappy',
  tensorboard: 'tensorboard tensorflow tensorflow-cpu',
  tensorflow: 'tensorflow tensorflow-cpu tensorflow-gpu tensorflow-macos tf-nightly tensorflow-intel',
  tflite_runtime: 'tflite-runtime',
  tf_keras: 'tf-keras',
  umap: 'umap-learn',
  usb: 'pyusb',
  win32api: 'pywin32',
  win32com: 'pywin32',
  xgboost: 'xgboost xgboost-cpu',
  yaml: 'pyyaml',
  zmq: 'pyzmq',
};

/** Installed along with a distribution of the list behind it, and commonly relied on. */
const beside: Readonly<Record<string, string>> = {
  numpy:
    'pandas scikit-learn scipy matplotlib opencv-python opencv-python-headless opencv-contrib-python tensorflow tensorflow-cpu keras xgboost lightgbm catboost torchvision transformers numba xarray scikit-image statsmodels seaborn imbalanced-learn sentence-transformers datasets gensim jax shap ultralytics',
  scipy: 'scikit-learn statsmodels scikit-image lightgbm xgboost gensim catboost librosa imbalanced-learn ultralytics',
  joblib: 'scikit-learn imbalanced-learn',
  threadpoolctl: 'scikit-learn',
  pandas: 'seaborn statsmodels catboost datasets plotnine ultralytics shap',
  matplotlib: 'seaborn catboost ultralytics plotnine',
  torch: 'torchvision torchaudio pytorch-lightning lightning ultralytics sentence-transformers accelerate timm fastai',
  torchvision: 'timm ultralytics fastai',
  pillow: 'torchvision matplotlib scikit-image ultralytics sentence-transformers',
  keras: 'tensorflow tensorflow-cpu tensorflow-gpu',
  h5py: 'tensorflow tensorflow-cpu keras',
  tensorboard: 'tensorflow tensorflow-cpu',
  protobuf: 'tensorflow tensorflow-cpu onnx onnxruntime tensorboard',
  requests: 'transformers datasets huggingface-hub tensorflow tensorboard ultralytics',
  tqdm: 'transformers datasets huggingface-hub nltk openai ultralytics sentence-transformers shap',
  pyyaml: 'transformers huggingface-hub datasets ultralytics accelerate',
  regex: 'transformers nltk',
  'huggingface-hub': 'transformers datasets tokenizers timm accelerate sentence-transformers',
  tokenizers: 'transformers sentence-transformers',
  safetensors: 'transformers timm accelerate',
  transformers: 'sentence-transformers',
  'python-dateutil': 'pandas matplotlib',
  pytz: 'pandas',
  six: 'pandas matplotlib tensorflow',
  packaging: 'transformers datasets matplotlib tensorflow scikit-image',
  'scikit-learn': 'sentence-transformers imbalanced-learn librosa umap-learn hdbscan shap',
  'opencv-python': 'ultralytics',
  certifi: 'requests',
  urllib3: 'requests',
  jinja2: 'torch flask',
  networkx: 'torch scikit-image',
};

/** Normalised names, the most common first; the module's own name where none is known. */
export function distributionsOf(module: string): string[] {
  const known = Object.hasOwn(table, module) ? table[module] : undefined;
  return known === undefined ? [normalName(module)] : known.split(' ');
}

/** True where one of the required distributions brings this one along. */
export function providedBeside(distribution: string, required: ReadonlySet<string>): boolean {
  const bringers = Object.hasOwn(beside, distribution) ? (beside[distribution] ?? '') : '';
  return bringers.split(' ').some((name) => required.has(name));
}
