# Shared by ./run, ./test and ./bench: what a fresh machine needs. Source it; the solution's folder is $ROOT.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

fail() {
  echo "$1" >&2
  exit 1
}

# The SDK that global.json asks for, and a folder to build in.
need_dotnet() {
  [ -w "$ROOT" ] || fail "The folder $ROOT cannot be written, and the build goes there: clone it elsewhere, or change its permissions."
  export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
  command -v dotnet >/dev/null || fail "The .NET 10 SDK is missing: install it (https://dot.net/download) and run this again."
  (cd "$ROOT" && dotnet --version) >/dev/null 2>&1 ||
    fail "The .NET 10 SDK is missing (found: $(cd / && dotnet --version 2>/dev/null || echo none)): install it (https://dot.net/download) and run this again."
  # What is built looks for its runtime in the default folder only, unless it is told.
  DOTNET_ROOT=${DOTNET_ROOT:-$(cd "$ROOT" && dotnet --list-sdks | sed -n "s:^$(dotnet --version) \[\(.*\)/sdk\]$:\1:p")}
  export DOTNET_ROOT
}

# need COMMAND PACKAGE [COMMAND PACKAGE …]: installs the packages whose command is missing.
need() {
  local missing=()
  while [ $# -gt 0 ]; do
    PATH=$PATH:/usr/sbin command -v "$1" >/dev/null || [ -n "$(ls /usr/lib/postgresql/*/bin/"$1" 2>/dev/null)" ] || missing+=("$2")
    shift 2
  done
  [ ${#missing[@]} -eq 0 ] && return
  command -v apt-get >/dev/null || fail "Missing: ${missing[*]}. Install them with this system's package manager and run this again."
  local sudo=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || fail "Missing: ${missing[*]}. Install them as root (apt-get install ${missing[*]}) and run this again."
    sudo=(sudo)
  fi
  echo "Installing ${missing[*]} …"
  # The distribution would start a server of its own with the package; ours are private.
  local log
  log=$(mktemp)
  { "${sudo[@]}" apt-get update && "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 ||
    { tail -5 "$log" >&2; fail "${missing[*]} could not be installed."; }
  rm -f "$log"
}

# The stores' own binaries are needed only where no other server is given and no container engine runs.
need_stores() {
  { docker info || podman info; } >/dev/null 2>&1 && return
  [ -n "${ConnectionStrings__gatewaydb:-}" ] && [ -n "${ConnectionStrings__maintenancedb:-}" ] && [ -n "${ConnectionStrings__notificationsdb:-}" ] && [ -n "${ConnectionStrings__statusdb:-}" ] ||
    need initdb postgresql
  [ -n "${ConnectionStrings__redis:-}" ] || need redis-server redis-server
}

# Chromium, with or without its windows. Not every distribution has it as a package; only in CI do its tests fail without it.
need_chromium() {
  if command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null; then return; fi
  (need chromium-headless-shell chromium-headless-shell) || (need chromium chromium) || {
    [ "${CI:-}" != true ] || exit 1
    echo "Without Chromium the tests in a browser are skipped."
  }
}

# A mail server that shows what it gets. The cluster runs without, too: then no e-mail is sent.
need_mail_catcher() {
  [ -z "${Smtp__Host:-}" ] || return 0
  local version=3.15.0 tools=$ROOT/.tools
  [ -x "$tools/smtp4dev-$version/smtp4dev" ] || dotnet tool install Rnwood.Smtp4dev --version "$version" --tool-path "$tools/smtp4dev-$version" >/dev/null 2>&1 ||
    { echo "Without smtp4dev $version, which cannot be installed, no e-mail is sent."; return 0; }
  export XEROTIER_MAIL_CATCHER=$tools/smtp4dev-$version/smtp4dev
}

# The sample that verifies webhooks, where there is Node.
need_webhook_receiver() {
  local folder=$ROOT/samples/webhook-receiver
  command -v node >/dev/null && command -v npm >/dev/null || return 0
  [ -d "$folder/node_modules/standardwebhooks" ] || (cd "$folder" && npm install --no-package-lock --no-audit --no-fund --silent --ignore-scripts) >/dev/null 2>&1 || return 0
  export XEROTIER_WEBHOOK_RECEIVER=$folder
}

# build PROJECT-OR-SOLUTION [OPTION …]: Release, quiet unless something is wrong.
build() {
  local log process compiler=xerotier-$$
  log=$(mktemp)
  # One compiler for all projects, which is ours alone: each on its own takes twice as long. It lives for this build, so that what it
  # would learn of itself (PGO) never pays, and makes much that nobody keeps, collected in larger pieces. In the background, for a
  # signal to end it: bash hears none while it waits for a command of the foreground. And all that it started.
  (cd "$ROOT" && export DOTNET_TieredPGO=0 DOTNET_GCgen0size=0x4000000 && exec setsid dotnet build "$@" -c Release -graph --nologo -v quiet -clp:NoSummary -p:UseSharedCompilation=true -p:SharedCompilationId="$compiler") >"$log" 2>&1 &
  process=$!
  trap 'kill -- "-$process"; wait "$process"; rm -f "$log"; exit 143' INT TERM HUP
  wait "$process" || { kill -- "-$process" 2>/dev/null; cat "$log" >&2; rm -f "$log"; fail "The build of $1 failed."; }
  kill -- "-$process" 2>/dev/null || true # the compiler waits for more
  trap - INT TERM HUP
  rm -f "$log"
}

# What a build is made of, in one line. It takes MSBuild ten seconds to find out that nothing has changed.
inputs() {
  (cd "$ROOT" && dotnet --version && find . \( -name bin -o -name obj -o -name node_modules -o -name .git -o -name .local -o -name .tools -o -path ./tests -o -path ./docs -o -path ./benchmarks -o -path ./TestResults \) -prune -o -type f -printf '%p %T@\n' | sort) | cksum
}

# build_once PROJECT [OPTION …]: the same, unless it was done.
build_once() {
  local now built=$ROOT/$1/obj/built
  now=$(inputs)
  [ "$now" = "$(cat "$built" 2>/dev/null)" ] && return
  echo "Building …"
  build "$@"
  echo "$now" >"$built"
}
