#!/bin/bash
# Stands in for Slurm's programs; links to it have their names. Files in the folder $FAKE_SLURM:
#   rules      rules of sbatch: no-mem, per-cpu; chatty or mute, as wrapped by a site
#   jobs       the queue: number|cluster|state|reason|node, one task a line
#   account    output of sacct: cluster|number|state|exit code
#   controller jobs of scontrol show job: cluster|number|state|exit code
#   config     output of scontrol show config
# Of Slurm's variables, SQUEUE_STATES, SCANCEL_STATE and SBATCH_ARRAY_INX count as in Slurm; SBATCH_WAIT is
# refused. SLURM_ARRAY_TASK_ID, where sbatch would hand it on, is kept in `handed-on`.
# Command lines are added to `calls`, and sbatch keeps scripts as NUMBER.sh.
set -u
state=$FAKE_SLURM
program=$(basename "$0")
echo "$program $*" >> "$state/calls"
rules=$(cat "$state/rules" 2> /dev/null)

cluster=
[ "$program" = sbatch ] || cluster=${SLURM_CLUSTERS:-}
for argument in "$@"; do
  case $argument in --clusters=*) cluster=${argument#*=} ;; esac
done

# lines of file $1 whose column $2 is the cluster, without that column
lines() {
  while IFS='|' read -r first second rest; do
    if [ "$2" = 1 ]; then
      [ "$first" = "$cluster" ] && echo "$second|$rest"
    else
      [ "$second" = "$cluster" ] && echo "$first|$rest"
    fi
  done < <(cat "$state/$1" 2> /dev/null)
  return 0
}

case $program in
  sbatch)
    script=${!#}
    [ -z "${SBATCH_WAIT:-}" ] || { echo "sbatch: this would wait" >&2; exit 1; }
    echo "${SLURM_ARRAY_TASK_ID:-}" >> "$state/handed-on"
    options=$(sed -n 's/^#SBATCH //p' "$script")
    asks() { grep -q -- "^$1" <<< "$options"; }
    refuse() {
      echo "sbatch: error: $1" >&2
      exit 1
    }
    case $rules in
      no-mem) asks --mem && refuse "The --mem=... request is not allowed on this system" ;;
      per-cpu)
        asks --mem= && refuse "--mem, --mem-per-cpu, and --mem-per-gpu are mutually exclusive."
        asks --mem-per-cpu= || refuse "this site wants --mem-per-cpu"
        ;;
    esac
    number=$(($(cat "$state/number" 2> /dev/null || echo 100) + 1))
    echo "$number" > "$state/number"
    cp "$script" "$state/$number.sh"
    # a command line overrides the environment, which overrides the script
    : "${cluster:=${SLURM_CLUSTERS:-$(sed -n 's/^--clusters=//p' <<< "$options" | tail -1)}}"
    last=$(sed -n 's/^--array=0-//p' <<< "$options")
    last=${SBATCH_ARRAY_INX:-$last}
    if [ -n "$last" ]; then
      for task in $(seq 0 "$last"); do
        echo "${number}_$task|$cluster|PENDING|Priority|" >> "$state/jobs"
      done
    else
      echo "$number|$cluster|PENDING|Priority|" >> "$state/jobs"
    fi
    [ "$rules" = chatty ] && echo "Welcome to this site"
    if [ "$rules" = mute ]; then
      echo "Submitted."
    elif [ -n "$cluster" ]; then
      echo "$number;$cluster"
    else
      echo "$number"
    fi
    [ "$rules" = chatty ] && echo "Your 12 jobs have used 34 hours."
    ;;
  squeue)
    [ -n "$cluster" ] && echo "CLUSTER: $cluster"
    lines jobs 2 | grep -E "\|${SQUEUE_STATES:-}"
    true
    ;;
  sacct)
    # as Slurm 22.05: a task is found under its own number or its array's, several in one line under
    # their array's alone
    for argument in "$@"; do
      case $argument in --jobs=*) asked=,${argument#*=}, ;; esac
    done
    while IFS='|' read -r job rest; do
      case $asked in *",$job,"* | *",${job%%_*},"*) echo "$job|$rest" ;; esac
    done < <(lines account 1)
    ;;
  scancel)
    for job in "$@"; do
      case $job in scancel | --*) ;; *)
        grep -Ev "^$job(_[0-9]+)?\|$cluster\|${SCANCEL_STATE:-}" "$state/jobs" > "$state/others"
        mv "$state/others" "$state/jobs"
        ;;
      esac
    done
    ;;
  scontrol)
    case "$*" in
      *"show config"*) cat "$state/config" ;;
      *"show job"*)
        found=$(lines controller 1 | grep "^${!#}|") || {
          echo "slurm_load_jobs error: Invalid job id specified" >&2
          exit 1
        }
        IFS='|' read -r number job_state exit_code <<< "$found"
        echo "JobId=$number JobState=$job_state Reason=None Dependency=(null) ExitCode=$exit_code"
        ;;
    esac
    ;;
  sinfo) echo "main*|2-00:00:00" ;;
esac
exit 0
