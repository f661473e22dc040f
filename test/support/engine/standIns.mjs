// Stand-ins for what a machine with NVIDIA GPUs has: enough to look at what was asked for, and what a container got.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * With this in its PATH, dockerd accepts DeviceRequests and sets NVIDIA_VISIBLE_DEVICES in the container. As the real one does, it
 * puts nvidia-smi into the container where a file of that name lies beside it (`standInCards`), and where there is a file `refuse`
 * it fails with that text (`standInRefusal`).
 */
export function writeHook(folder) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'nvidia-container-runtime-hook'), hook, { mode: 0o755 });
}

const hook = `#!/bin/sh
here=$(dirname "$0")
if [ -f "$here/refuse" ]; then cat "$here/refuse" >&2; exit 1; fi
[ -f "$here/nvidia-smi" ] || exit 0
bundle=$(sed -n 's/.*"bundle":"\\([^"]*\\)".*/\\1/p')
root=$(sed -n 's/.*"root":{"path":"\\([^"]*\\)".*/\\1/p' "$bundle/config.json")
cp "$here/nvidia-smi" "$root/usr/bin/nvidia-smi"
`;

/** From now on, containers with a GPU of the engine in `folder` find the stand-in of nvidia-smi; `change` edits its text. */
export const standInCards = (folder, change = (text) => text) =>
  writeFileSync(join(folder, 'bin', 'nvidia-smi'), change(nvidiaSmi), { mode: 0o755 });

/** From now on, containers with a GPU are refused with these words of NVIDIA's hook; undefined: no more. */
export const standInRefusal = (folder, text) =>
  text === undefined
    ? rmSync(join(folder, 'bin', 'refuse'), { force: true })
    : writeFileSync(join(folder, 'bin', 'refuse'), text);

/** Devices `0`, `1` and `all` of kind `nvidia.com/gpu`, with the stand-in of nvidia-smi. */
export function writeCdi(folder) {
  mkdirSync(folder, { recursive: true });
  const tool = join(folder, 'nvidia-smi');
  writeFileSync(tool, nvidiaSmi, { mode: 0o755 });
  const edits = (...ids) => ({ env: ids.map((id) => `TP_STAND_IN_GPU_${id}=1`) });
  const devices = [
    { name: '0', containerEdits: edits(0) },
    { name: '1', containerEdits: edits(1) },
    { name: 'all', containerEdits: edits(0, 1) },
  ];
  const mounts = [{ hostPath: tool, containerPath: '/usr/bin/nvidia-smi', options: ['ro', 'bind'] }];
  const common = { env: ['NVIDIA_VISIBLE_DEVICES=void'], mounts };
  const spec = { cdiVersion: '0.5.0', kind: 'nvidia.com/gpu', devices, containerEdits: common };
  writeFileSync(join(folder, 'stand-in.json'), JSON.stringify(spec, null, 2));
}

/** Shows the GPUs that the container was given, in the fields that were asked for; 9 with the words of the real one where there is none. */
export const nvidiaSmi = `#!/bin/sh
ids=
case "$NVIDIA_VISIBLE_DEVICES" in
  ''|void|none) ;;
  all) ids="0 1" ;;
  *) ids=$(echo "$NVIDIA_VISIBLE_DEVICES" | tr ',' ' ' | sed 's/GPU-stand-in-//g') ;;
esac
[ -n "$TP_STAND_IN_GPU_0" ] && ids="$ids 0"
[ -n "$TP_STAND_IN_GPU_1" ] && ids="$ids 1"
fields=index,name,uuid
units=yes
loop=
for argument in "$@"; do
  case "$argument" in
    --query-gpu=*) fields=\${argument#--query-gpu=} ;;
    --format=*nounits*) units=no ;;
    --loop=*) loop=\${argument#--loop=} ;;
  esac
done
[ -n "$ids" ] || { echo "No devices were found"; exit 6; }
show() {
  for id in $ids; do
    line=
    for field in $(echo "$fields" | tr ',' ' '); do
      case "$field" in
        index) value=$id ;;
        name|gpu_name) value="Stand-in GPU" ;;
        uuid|gpu_uuid) value="GPU-stand-in-$id" ;;
        driver_version) value=555.42.01 ;;
        memory.total) value=16384; [ $units = yes ] && value="$value MiB" ;;
        memory.used) value=1024; [ $units = yes ] && value="$value MiB" ;;
        utilization.gpu) value=50; [ $units = yes ] && value="$value %" ;;
        *) value="[N/A]" ;;
      esac
      line="\${line:+$line, }$value"
    done
    echo "$line"
  done
}
show
while [ -n "$loop" ]; do sleep "$loop"; show; done
`;
