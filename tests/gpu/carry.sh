#!/bin/bash
# What a bare machine with a GPU and without a network needs to run tests/gpu, as small as it gets.
#
#   tests/gpu/carry.sh pack FOLDER [3.12 [13.0]]   where there is a network: wheels for that machine's Python (default 3.12) and CUDA
#                                                  (default: every version that bitsandbytes knows) into FOLDER
#   tests/gpu/carry.sh run FOLDER [-k ...]         on that machine, in a copy of the repository with FOLDER: installs them, runs the tests
#
# That machine has Python, torch for its card, and pytest with hypothesis. The versions are those of the project's locks. `pack` also
# carries the real tokenizers of .tokenizers (make tokenizers). vllm is not carried: its wheel needs a torch of its own.
set -euo pipefail
cd "$(dirname "$0")/../.."
step=${1:?pack or run} folder=${2:?a folder}
shift 2

# What the library imports beyond torch: training, perplexity, reward, the transformers engine, and lighteval with what it imports.
needed="pydantic pydantic-core annotated-types typing-inspection trl datasets dill multiprocess transformers tokenizers tenacity accelerate
peft safetensors huggingface-hub bitsandbytes lighteval aenum antlr4-python3-runtime boto3 botocore chardet dataproperty docstring-parser gitdb
gitpython ijson inspect-ai jmespath jsonlines jsonpatch jsonpointer latex2sympy2-extended mbstrdecoder mmh3 nest-asyncio2 nltk pathvalidate
platformdirs pytablewriter python-dotenv pytz s3transfer semver shortuuid smmap sniffio starlette tabledata tcolorpy textual typepy
zstandard zipfile-zstd langcodes termcolor colorlog rouge-score"

locked() { # NAME: as name==version, from a lock
    grep -hiE "^$(printf %s "$1" | sed 's/[-_.]/[-_.]/g')==" requirements.lock requirements-qlora.lock | head -1 | sed 's/[ ;\\].*//'
}

pack() {
    local python=${1:-3.12} cuda=${2:-} pins=() name pin
    for name in $needed; do
        pin=$(locked "$name") || true
        [ -n "$pin" ] && pins+=("$pin") || echo "not locked, so not carried: $name" >&2
    done
    mkdir -p "$folder/wheels"
    local platforms=() glibc
    for glibc in 2_28 2_24 2_17; do platforms+=(--platform "manylinux_${glibc}_x86_64"); done
    platforms+=(--platform manylinux2014_x86_64 --platform manylinux1_x86_64)
    for pin in "${pins[@]}"; do
        python3 -m pip download --quiet --no-deps --dest "$folder/wheels" --only-binary=:all: --python-version "$python" \
            --implementation cp "${platforms[@]}" "$pin" 2>/dev/null || python3 -m pip wheel --quiet --no-deps --wheel-dir "$folder/wheels" "$pin"
    done
    python3 tests/gpu/strip_wheels.py "$folder/wheels" $cuda
    [ ! -d .tokenizers ] || tar --create --xz --file "$folder/tokenizers.tar.xz" .tokenizers
    du -sh "$folder"
}

run() { # into that Python itself: child processes of the tests set PYTHONPATH anew, and dill pickles by value what lies elsewhere
    python3 -m pip install --quiet --no-index --no-deps --no-compile --upgrade "$folder"/wheels/*.whl
    python3 -c "import torch, transformers; print(torch.__version__, transformers.__version__, torch.cuda.get_device_name() if torch.cuda.is_available() else 'no GPU')"
    [ ! -f "$folder/tokenizers.tar.xz" ] || tar --extract --xz --file "$folder/tokenizers.tar.xz"
    export PYTHONPATH=$PWD/scripts OMP_NUM_THREADS=${OMP_NUM_THREADS:-4}
    python3 -m pytest tests/gpu -s -q -p no:cacheprovider "$@"
}

case $step in
pack) pack "$@" ;;
run) run "$@" ;;
*) echo "pack or run, not $step" >&2 && exit 2 ;;
esac
