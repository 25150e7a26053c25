# shellcheck shell=bash
# sources.sh: to be sourced. sources PATTERN..: the project's files by git's patterns, new ones too, one a line; what was
# deleted but not yet committed is left out.
sources() {
    git ls-files --cached --others --exclude-standard -- "$@" | while IFS= read -r file; do
        [[ ! -f $file ]] || printf '%s\n' "$file"
    done
}
