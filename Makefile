# Short words for the inner loop. Everything here only calls the presets or ./run.sh.
.PHONY: all t asan fmt lint one bench demo
all:
	@scripts/build.sh dev
t: all
	@ctest --test-dir build/dev --output-on-failure -j2 -L 'unit|contract|golden|crash'
asan:
	@./run.sh test --asan
fmt:
	@git ls-files -z --cached --others --exclude-standard '*.c' '*.h' | xargs -0 clang-format-14 -i
lint:
	@./run.sh lint
# make one T=diff: the test programs whose name holds "diff", with their output
one: all
	@ctest --test-dir build/dev -V -R '$(T)'
bench:
	@./run.sh bench
demo:
	@./run.sh demo
