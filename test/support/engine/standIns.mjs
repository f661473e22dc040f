// Stand-ins for what a machine with NVIDIA GPUs has: enough to look at what was asked for, and what a container got.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** With this in its PATH, dockerd accepts DeviceRequests and sets NVIDIA_VISIBLE_DEVICES in the container. */
export function writeHook(folder) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'nvidia-container-runtime-hook'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
}

/** Devices `0`, `1` and `all` of kind `nvidia.com/gpu`. */
export function writeCdi(folder) {
  mkdirSync(folder, { recursive: true });
  const edits = (...ids) => ({ env: ids.map((id) => `TP_STAND_IN_GPU_${id}=1`) });
  const devices = [
    { name: '0', containerEdits: edits(0) },
    { name: '1', containerEdits: edits(1) },
    { name: 'all', containerEdits: edits(0, 1) },
  ];
  const common = { env: ['NVIDIA_VISIBLE_DEVICES=void'] };
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
