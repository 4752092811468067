<#
.SYNOPSIS
Extracts triplets from films, then trains, overnight. Both go on where they stopped: start the same line again.
.DESCRIPTION
A damaged film stops nothing: the rest is extracted, and the training begins. The logs lie in DATA\logs.
.PARAMETER Films
A film or a folder of films.
.PARAMETER Data
Folder of the triplets; the run's TOML names it under [[sources]].
.PARAMETER Run
The run's TOML file, such as one of export\runs.
.PARAMETER Python
The interpreter with the extra `export`.
.PARAMETER More
Further options of scripts\extract_triplets.py.
.EXAMPLE
scripts\overnight.ps1 D:\films D:\triplets export\runs\flow-film.toml -More '--workers', '4'
#>
param(
    [Parameter(Mandatory)] [string] $Films,
    [Parameter(Mandatory)] [string] $Data,
    [Parameter(Mandatory)] [string] $Run,
    [string] $Python = 'python',
    [string[]] $More = @()
)
$here = Split-Path -Parent $PSScriptRoot
$logs = Join-Path $Data 'logs'
New-Item -ItemType Directory -Force -Path $logs | Out-Null
$logs = (Resolve-Path $logs).Path
$Run = (Resolve-Path $Run -ErrorAction Stop).Path
$stamp = Get-Date -Format 'yyyyMMdd-HHmmss'
$started = Get-Date -Format 's'

function Complete-Night([string] $Message, [int] $Code) {
    # One line at the end, on the screen and in a file: what a glance in the morning needs.
    $line = "overnight: $Message (began $started, ended $(Get-Date -Format 's'); logs: $logs\$stamp-*.log)"
    $line | Tee-Object -FilePath (Join-Path $logs 'last.txt')
    exit $Code
}

& $Python (Join-Path $here 'scripts/extract_triplets.py') $Films --out $Data @More 2>&1 |
    ForEach-Object { "$_" } | Tee-Object -FilePath (Join-Path $logs "$stamp-extract.log")
$extracted = $LASTEXITCODE
switch ($extracted) {
    0 { $note = 'all films extracted' }
    4 { $note = 'some films are damaged, see the log; the others are extracted' }
    default { Complete-Night "FAILED while extracting (exit code $extracted); nothing was trained" $extracted }
}

Push-Location $here
& $Python -m export.train $Run 2>&1 |
    ForEach-Object { "$_" } | Tee-Object -FilePath (Join-Path $logs "$stamp-train.log")
$trained = $LASTEXITCODE
Pop-Location
if ($trained -ne 0) { Complete-Night "FAILED while training (exit code $trained); $note" $trained }
Complete-Night "DONE: $note, and the run of $(Split-Path -Leaf $Run) has ended" $extracted
