# Shared by eng/backup and eng/restore: the databases, and how PostgreSQL's own tools reach them. Source it after setup.sh.

DATABASES=(gatewaydb maintenancedb notificationsdb statusdb)

# Where the databases are: ConnectionStrings__<name> of the environment, else of the files that deploy/make-secrets has made in XEROTIER_SECRETS,
# else what the local cluster has written while it runs.
find_databases() {
  local name files=("${XEROTIER_DATA:-$ROOT/.local}/databases.env")
  [ -z "${XEROTIER_SECRETS:-}" ] || files=("$XEROTIER_SECRETS"/*.env)
  for name in "${DATABASES[@]}"; do
    local variable=ConnectionStrings__$name
    [ -z "${!variable:-}" ] || continue
    [ -r "${files[0]}" ] || fail "No database: set ConnectionStrings__$name, name the folder of deploy/make-secrets by XEROTIER_SECRETS, or start the local cluster (./run) and name its folder by XEROTIER_DATA."
    export "$variable=$(cat "${files[@]}" | sed -n "s/^$variable=//p")"
    [ -n "${!variable}" ] || fail "${files[*]}: none names $name."
  done
  PATH=$PATH:$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1 || true)
  command -v pg_dump >/dev/null || fail "PostgreSQL's client tools (pg_dump, pg_restore, psql) are missing: install the package postgresql-client."
}

# use NAME: the variables of PostgreSQL's tools, from the service's connection string.
use() {
  local variable=ConnectionStrings__$1 pair key value
  unset PGHOST PGPORT PGDATABASE PGUSER PGPASSWORD PGSSLMODE PGSSLROOTCERT
  while IFS= read -r -d ';' pair; do
    key=$(tr -d ' ' <<<"${pair%%=*}" | tr '[:upper:]' '[:lower:]') value=${pair#*=}
    value=${value#[\'\"]} value=${value%[\'\"]}
    case $key in
      host | server) export PGHOST=$value ;;
      port) export PGPORT=$value ;;
      database) export PGDATABASE=$value ;;
      username | userid | user) export PGUSER=$value ;;
      password) export PGPASSWORD=$value ;;
      sslmode) PGSSLMODE=$(sed 's/\([a-z]\)\([A-Z]\)/\1-\2/' <<<"$value" | tr '[:upper:]' '[:lower:]'); export PGSSLMODE ;;
      rootcertificate) # where a service has it, or beside the secrets
        [ -r "$value" ] || value=${XEROTIER_SECRETS:-}/${value##*/}
        export PGSSLROOTCERT=$value
        ;;
    esac
  done <<<"${!variable};"
  # A host of several may have its port with it; only the primary can be written to.
  if [[ ${PGHOST:-} == *:* ]]; then
    PGPORT=$(tr ',' '\n' <<<"$PGHOST" | sed 's/.*://' | paste -sd,) PGHOST=$(tr ',' '\n' <<<"$PGHOST" | sed 's/:.*//' | paste -sd,)
    export PGPORT PGHOST
  fi
  export PGTARGETSESSIONATTRS=read-write PGCONNECT_TIMEOUT=10
}

query() { psql -X -q -A -t -v ON_ERROR_STOP=1 -c "$1"; }
