# SPDX-License-Identifier: Apache-2.0
#
# Completion of the ipsec command for fish. Commands and options are what the programs' own --help
# says, names are those of ipsec.conf, so that nothing here has to be kept up to date.

# The words before the cursor: the program with its folders on the first lines, then an empty line,
# then the command and what follows it.
function __ipsec_split
    set -l words (commandline -opc)
    set -l i 2
    echo $words[1]
    while test $i -le (count $words)
        switch $words[$i]
            case --confs --rundir
                echo $words[$i]
                test $i -lt (count $words); and echo $words[(math $i + 1)]
                set i (math $i + 2)
            case '-*'
                set i (math $i + 1)
            case '*'
                break
        end
    end
    echo
    test $i -le (count $words); and printf "%s\n" $words[$i..-1]
end

function __ipsec_front
    for word in (__ipsec_split)
        test -n "$word"; or break
        echo $word
    end
end

# The command and what follows it: nothing while the command itself is being written.
function __ipsec_rest
    set -l words (__ipsec_split)
    set -l n (contains -i -- '' $words)
    test $n -lt (count $words); and printf "%s\n" $words[(math $n + 1)..-1]
end

function __ipsec_wants_command
    set -l before (commandline -opc)
    test (count (__ipsec_rest)) -eq 0; and not contains -- "$before[-1]" --confs --rundir
end

function __ipsec_wants_folder
    set -l before (commandline -opc)
    contains -- "$before[-1]" --confs --rundir
end

function __ipsec_commands
    set -l front (__ipsec_front)
    $front --help 2>/dev/null | string replace -rf '^  ([a-z]+) +(.*)$' '$1\t$2'
end

function __ipsec_wants_argument
    test (count (__ipsec_rest)) -gt 0; and not __ipsec_wants_folder
end

# What may follow: a value of the option before, names of connections, options.
function __ipsec_arguments
    set -l front (__ipsec_front)
    set -l rest (__ipsec_rest)
    set -l said ($front $rest[1] --help 2>/dev/null)
    if test $rest[1] = pki; and test (count $rest) -gt 1
        set said ($front $rest[1..2] --help 2>/dev/null)
        if not string match -q -- '-*' (commandline -ct)
            __fish_complete_path (commandline -ct)
            return
        end
    end
    if test (count $rest) -gt 1; and string match -qr '^--(config|optionsfrom|logfile|secretsfile|ctlsocket)$' -- $rest[-1]
        __fish_complete_path (commandline -ct)
        return
    end
    if __ipsec_wants_name "$said[1]" $rest
        set -l config
        set -l at (contains -i -- --config $rest)
        and set config --config $rest[(math $at + 1)]
        $front addconn --listall $config 2>/dev/null
    end
    if test $rest[1] = verify; or string match -qr '^setup( --config \S+)?$' -- "$rest"
        printf "%s\n" $said | string replace -rf '^  ([a-z0-9][a-z0-9._-]*)  +(.*)$' '$1\t$2'
    end
    printf "%s\n" $said | string replace -rf '^  (--[a-z0-9-]+)( [A-Z]+)? *(.*)$' '$1\t$3'
end

function __ipsec_wants_name
    switch $argv[2]
        case auto
            string match -qr -- '^--(add|replace|delete|up|down|route|unroute|status)$' $argv[3..-1]
        case whack
            test "$argv[-1]" = --name
        case '*'
            string match -qr '^usage: .* \[?NAME' -- $argv[1]
    end
end

complete -c ipsec -f
complete -c ipsec -n __ipsec_wants_command -a '(__ipsec_commands)'
complete -c ipsec -n __ipsec_wants_command -l confs -d 'the folder of ipsec.conf and ipsec.secrets'
complete -c ipsec -n __ipsec_wants_command -l rundir -d 'the folder of pluto.ctl'
complete -c ipsec -n __ipsec_wants_command -l version -d 'the version of this program'
complete -c ipsec -n __ipsec_wants_command -l directory -d 'the folder of pluto'
complete -c ipsec -n __ipsec_wants_command -l confdir -d 'the folder of ipsec.conf'
complete -c ipsec -n __ipsec_wants_command -l help -d 'the list of commands'
complete -c ipsec -n __ipsec_wants_folder -a '(__fish_complete_directories (commandline -ct))'
complete -c ipsec -n __ipsec_wants_argument -a '(__ipsec_arguments)'
